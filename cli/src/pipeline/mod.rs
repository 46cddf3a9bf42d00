//! Plan → bundle → apply → journal: joins the engines below into what a change goes through.
//!
//! Must not know: the terminal, the command line. It tells what happens by [`Event`]s.

mod applied;
mod apply;
mod apply_report;
mod audit;
mod backend;
mod bootstrap;
mod bundles;
mod clusters;
mod delivered;
mod due;
mod error;
mod event;
mod exactness;
mod exported;
mod git_event;
mod handoff;
mod job;
#[cfg(test)]
mod merges;
mod noted;
mod order;
mod outputs;
mod plan;
mod planning;
mod promotion;
mod providers;
mod recovery;
mod relay;
mod schedule;
mod shards;
mod stages;
mod states_read;
mod status;
mod target;
mod trouble;
mod workshop;

use bundles::{bundle, chosen, compare, fit, inspect, seal, shelf};
use recovery::{errored, journal, left, lock, owner, resume, settle, starter, state_lock, unlock};

pub use apply::ApplyRequest;
pub use apply_report::{ApplyReport, Delivered};
pub use audit::{AuditReport, AuditRequest, AuditRow, Mark, MergedChange, Promoter};
pub use bootstrap::{BOOTSTRAP_STACK, BootstrapReport, Draft, Moved, Standing};
pub use bundle::{Bundle, BundleFormat, Manifest, Program, StateVersion};
pub use clusters::ClusterSelection;
pub use compare::Difference;
pub use delivered::Delivery;
pub use error::PipelineError;
pub use event::{Event, EventSink};
pub use exactness::Exactness;
pub use fit::{Check, Field, Refusal};
pub use git_event::{GitEvent, GitEventError, PullRequestEvent};
pub use handoff::{HandedOver, HandoffRequest, HandoffSink};
pub use inspect::{BundleRequest, Inspected, Verdict, WhichBundle};
pub use journal::{Journal, Record, Status};
pub use left::Finding;
pub use outputs::{InstanceOutputs, OutputSelection, unreadable};
pub use plan::{PlanReport, PlanRequest, PlanResult, Planned, Which};
pub use promotion::{Before, NextTag, Promotion, PromotionRequest, Rule, RuleCheck, RuleState};
pub use providers::Provider;
pub use resume::{ResumeReport, ResumeRequest};
pub use schedule::Hold;
pub use seal::{KEY, KEY_FILE, Keys, Recipients, SealError};
pub use settle::{Assurances, Settled};
pub use shards::{InvalidShard, Parts, Shard, ShardCount, ShardError, ShardResult};
pub use stages::{Producer, Staged, Staging};
pub use starter::Starter;
pub use status::{EnvironmentStatus, InstanceState, InstanceStatus, LockStatus, StatusReport, StatusRequest};
pub use trouble::full_disk;
pub use unlock::{LockReport, UnlockReport, UnlockRequest, Verdict as LockVerdict, Whose};
pub use workshop::{PROVIDERS, Site, Workshop};
