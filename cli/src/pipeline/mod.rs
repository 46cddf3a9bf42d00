//! Plan → bundle → apply → journal: joins the engines below into what a change goes through.
//!
//! Must not know: the terminal, the command line. It tells what happens by [`Event`]s.

mod applied;
mod apply;
mod backend;
mod bootstrap;
mod bundle;
mod clusters;
mod delivered;
mod due;
mod error;
mod errored;
mod event;
mod exported;
mod fit;
mod git_event;
mod handoff;
mod journal;
mod lock;
mod outputs;
mod plan;
mod providers;
mod relay;
mod schedule;
mod target;
mod trouble;
mod workshop;

pub use apply::{ApplyReport, ApplyRequest, Delivered};
pub use bootstrap::{BOOTSTRAP_STACK, BootstrapReport, Draft, Moved, Standing};
pub use bundle::{Bundle, BundleFormat, Manifest, StateVersion};
pub use clusters::ClusterSelection;
pub use error::PipelineError;
pub use event::{Event, EventSink};
pub use fit::{Field, Refusal};
pub use git_event::{GitEvent, GitEventError};
pub use handoff::{HandedOver, HandoffRequest, HandoffSink};
pub use journal::{Journal, Record, Status};
pub use outputs::{InstanceOutputs, OutputSelection};
pub use plan::{PlanReport, PlanRequest, PlanResult, Planned, Which};
pub use workshop::{Site, Workshop};
