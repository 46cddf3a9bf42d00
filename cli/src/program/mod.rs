//! Programs of this machine: where they are.
//!
//! Must not know: what any of them is for, or how it is run.

mod find;

pub use find::{find, find_in};
