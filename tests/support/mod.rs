//! What several test modules need.

pub mod cli;
pub mod components;
pub mod providers;
