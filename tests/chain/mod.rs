//! The whole chain on real components, as one story per platform.

mod aws;
mod local;
mod platform;
