//! The hand-over to the engine in the cluster, and waiting until the engine has delivered a commit.
//!
//! [`handoff`] installs the engine from the very files that the registry holds (see [`EngineFiles`]) and
//! points it at them, so that from then on the engine owns itself; [`wait`] follows a commit until
//! every object of the registry reports it; [`sync`] is both. [`unhand`] takes the engine's objects
//! out again, before a cluster is destroyed.
//!
//! What this room must not know: Terraform, Git, the platform's files beyond one registry folder,
//! and the terminal. Who calls it brings a [`ClusterAccess`] and a [`Revision`], and gets typed
//! [`SyncEvent`]s.

mod access;
mod apply;
mod argocd;
mod cloud;
mod compare;
mod connect;
mod credential;
mod engine;
mod error;
mod event;
mod flux;
mod handoff;
mod kinds;
mod live;
mod manifest;
mod object;
mod picture;
mod ready;
mod release;
mod state;
mod status;
mod unhand;
mod wait;

pub use access::{ClusterAccess, ClusterContract};
pub use connect::{Cluster, connect};
pub use credential::GitCredential;
pub use engine::{Engine, EngineFiles, Revision, RootSource};
pub use error::SyncError;
pub use event::{Kept, Sink, SyncEvent, Tally};
pub use flux::{COMPONENTS, SYNC};
pub use handoff::{Handoff, HandoffSettings, Mode, handoff, sync};
pub use object::ObjectRef;
pub use state::{ObjectStatus, State};
pub use status::{RegistryStatus, status};
pub use unhand::{UnhandReport, unhand};
pub use wait::{Outcome, SyncReport, WaitSettings, wait};
