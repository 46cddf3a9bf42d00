//! Answers and templates → a set of files, written as a whole or not at all.
//!
//! Must not know: the terminal, the network, Git. What a repository must look like after it was
//! written is the business of `check/`.

mod answers;
mod assets;
mod bootstrap;
mod changes;
mod cluster;
mod error;
mod platform;
mod template;
mod write;

pub use answers::{Answers, Problem, forge_of, platform_name};
pub use assets::Assets;
pub use changes::{ChangeSet, NewFile};
pub use cluster::{Cluster, Place};
pub use error::ScaffoldError;
pub use platform::{FLUX_VERSION, platform};
