//! The whole chain on real components, as one story per platform.

mod aws;
mod bootstrap;
mod cluster;
mod faults;
mod forge;
mod local;
mod platform;
mod runs;
mod tour;
