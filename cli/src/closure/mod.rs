//! Which instances a change affects, and why: each instance's closure is every file whose content
//! can change its plan, and an instance is affected when its closure differs.
//!
//! Everything is read from snapshots, so nothing is checked out and Terraform is not started. What
//! cannot be known without running it widens the closure, with a [`Notice`]: a closure may hold a
//! file too many, never one too few. What counts is told at [`closure_of`].
//!
//! Must not know: Terraform as a program, plans, clusters, the terminal.

mod affected;
mod collect;
mod difference;
mod error;
mod evaluate;
mod facts;
mod files;
mod follow;
mod hash;
mod instance;
mod inventory;
mod json;
mod json_value;
mod lexical;
mod memo;
mod notice;
mod order;
mod reach;
mod reader;
mod start;
mod state_reads;
mod text;

pub use affected::{Affected, Changes, FileChange, Kind, Reason, affected};
pub use error::ClosureError;
pub use files::{Closure, ClosureFile, Link, RemoteModule, Upstream};
pub use hash::{ClosureHash, InvalidHash};
pub use instance::{closure_of, closures, is_cluster};
pub use inventory::{Inventory, buried_stacks, load_platform, load_stacks};
pub use memo::Memo;
pub use notice::Notice;
pub use order::Order;
pub use state_reads::ReadOutputs;
