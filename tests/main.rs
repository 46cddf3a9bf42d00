//! The one integration test binary; its modules are the table of contents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bundles;
mod catalogue;
mod chain;
mod cli;
mod closure;
mod configuration;
mod crash;
mod diff;
mod fanout;
mod forge;
mod guard;
mod layers;
mod modules;
mod platform;
mod readme;
mod sandbox;
mod scaffold;
mod schemas;
mod stages;
mod store;
mod support;
mod sync;
mod terraform;
