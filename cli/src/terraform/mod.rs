//! Terraform or OpenTofu as an engine: find the binary, run it, turn its output into typed events,
//! read its plans and states.
//!
//! Must not know: Git, kstack's stacks and environments, the terminal. Callers say where to run
//! and with what.

mod address;
mod binary;
mod cell;
mod change;
mod cli_config;
mod collector;
mod diff;
mod disk;
mod engine;
mod environment;
mod error;
mod events;
mod init;
mod initialising;
mod interrupt;
mod marker;
mod plan_changes;
mod plan_config;
mod plan_file;
mod plan_proto;
mod plan_reads;
mod plan_trust;
mod plan_value;
mod process;
mod provider_store;
mod raw_change;
mod running;
mod secrets;
mod show;
mod stand_in;
mod state_file;
mod state_push;
mod throttling;
mod trace;
mod version;

pub use binary::{Binary, Product, SETTING};
pub use change::{
    Action, AttributeChange, ChangeList, CheckResult, CheckStatus, OutputChange, ResourceChange, ResourceMode, Shown,
};
pub use cli_config::{MIRROR_SETTING, ProviderMirrors};
pub use engine::{ApplyOptions, Changes, PlanOptions, PlanOutcome, Reader, Terraform, Workspace};
pub use error::{Cause, Failure, LockInfo, TerraformError};
pub use events::{ChangeSummary, Diagnostic, Position, Range, ResourceEvent, Severity, Snippet, TerraformEvent};
pub use init::{BackendSetting, InitOutcome};
pub use interrupt::Interrupt;
pub use plan_config::Configuration;
pub use plan_file::{PlanBackend, PlanFile, PlanFileError, PlanMode};
pub use plan_reads::StateRead;
pub use process::Watch;
pub use provider_store::{
    Credentials, InvalidAddress, Inventory, LockFile, LockFileProblem, Locked, Offers, Package, PackageVersion, Place,
    Platform, Provided, ProviderAddress, ProviderStore, ProviderStoreError, Request, Source, StoreEvent, Stored,
};
pub use secrets::Secrets;
pub use show::{ShowError, changes_from_show_json};
pub use stand_in::StandIn;
pub use state_file::{StateFile, StateFileError, StateId, StateOutput};
pub use trace::{Operation, Trace};
pub use version::{InvalidVersion, Version};
