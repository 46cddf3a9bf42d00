//! Plan → bundle → apply → journal: joins the engines below into what a change goes through.
//!
//! Must not know: the terminal, the command line. It tells what happens by [`Event`]s.

mod applied;
mod apply;
mod backend;
mod bootstrap;
mod bundle;
mod chosen;
mod clusters;
mod compare;
#[cfg(test)]
mod damaged;
mod delivered;
mod due;
mod error;
mod errored;
mod event;
mod exported;
mod fit;
mod git_event;
mod handoff;
mod inspect;
mod journal;
mod left;
mod lock;
#[cfg(test)]
mod merges;
mod noted;
mod order;
mod outputs;
mod owner;
mod parting;
mod plan;
mod planning;
mod providers;
mod relay;
mod resume;
mod schedule;
mod seal;
mod settle;
mod shards;
mod shelf;
mod state_lock;
mod states_read;
mod status;
mod target;
mod trouble;
mod unlock;
mod verify;
mod workshop;

pub use apply::{ApplyReport, ApplyRequest, Delivered};
pub use bootstrap::{BOOTSTRAP_STACK, BootstrapReport, Draft, Moved, Standing};
pub use bundle::{Bundle, BundleFormat, Manifest, Program, StateVersion};
pub use clusters::ClusterSelection;
pub use compare::Difference;
pub use error::PipelineError;
pub use event::{Event, EventSink};
pub use fit::{Check, Field, Refusal};
pub use git_event::{GitEvent, GitEventError};
pub use handoff::{HandedOver, HandoffRequest, HandoffSink};
pub use inspect::{BundleRequest, Inspected, Verdict, WhichBundle};
pub use journal::{Journal, Record, Status};
pub use left::Finding;
pub use outputs::{InstanceOutputs, OutputSelection, unreadable};
pub use plan::{PlanReport, PlanRequest, PlanResult, Planned, Which};
pub use providers::Provider;
pub use resume::{ResumeReport, ResumeRequest};
pub use schedule::Hold;
pub use seal::{KEY, KEY_FILE, Keys, Recipients, SealError};
pub use settle::{Assurances, Settled};
pub use shards::{InvalidShard, Parts, Shard, ShardCount, ShardError, ShardResult};
pub use status::{EnvironmentStatus, InstanceState, InstanceStatus, LockStatus, StatusReport, StatusRequest};
pub use unlock::{LockReport, UnlockReport, UnlockRequest, Verdict as LockVerdict, Whose};
pub use workshop::{PROVIDERS, Site, Workshop};
