//! Git objects, history and the work tree, read with libgit2; what needs the network, and the few
//! writes, go through the git program, so that the user's credentials, hooks and settings count.
//!
//! Must not know: what the files mean. Everything above reads files through a [`Snapshot`], which is
//! a commit or the work tree, so that no command has to check anything out to look at it.

mod error;
mod export;
mod ids;
mod merge;
mod parallel;
mod program;
mod range;
mod remote;
mod repository;
mod snapshot;
mod tags;
mod tree;
mod worktree;
mod write;

pub use error::RepoError;
pub use export::{Exported, LeftOut};
pub use ids::{CommitId, InvalidId, ObjectId, blob_id};
pub use merge::Merged;
pub use parallel::in_parallel;
pub use program::git_version;
pub use range::Range;
pub use repository::{CommitInfo, Repository};
pub use snapshot::{Basis, Blob, Found, FoundNode, Snapshot};
pub use tree::{Entry, FileEntry, Mode, Tree};
pub use worktree::{DirtyFile, DirtyKind};
