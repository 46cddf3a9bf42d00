//! What several test modules need.

pub mod cli;
pub mod providers;
pub mod components;
