//! Programs of this machine: where they are, and which process is which.
//!
//! Must not know: what any of them is for, or how it is run.

mod find;
mod identity;

pub use find::{find, find_in};
pub use identity::{ProcessIdentity, Signal};
