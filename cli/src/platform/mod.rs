//! The nouns of kstack: the platform that `kstack.hcl` describes, its environments, stacks and
//! instances, and where each thing lies in the repository. Pure: no I/O, no clock, no async.
//!
//! Must not know: Git, Terraform, Kubernetes clients, the terminal.

mod buried;
pub mod cluster_info;
pub mod configuration;
mod environment;
mod forge;
pub mod form;
mod instance;
pub mod layout;
mod metadata;
mod names;
mod parse;
mod policy;
mod settings;
mod stack;
mod state;

pub use buried::BuriedStack;
pub use environment::{Environment, Trigger, glob_match};
pub use forge::Forge;
pub use instance::Instance;
pub use metadata::{Cluster, DerivedName, Metadata, MetadataError, Provider};
pub use names::{
    AppName, ClusterName, EnvironmentName, InvalidName, PlatformName, RepositoryName, SandboxName, ServiceName,
    StackName,
};
pub use parse::ParseError;
pub use policy::{
    Allowed, CONSTRUCTS, Construct, Layer, Level, Policy, RULES, RUN_LABEL, Rule, is_protected_address,
    is_protected_type,
};
pub use settings::{ArgoCdMode, Engine, FluxMode, OnStale, Parallelism, Pipeline, Platform, Verify};
pub use stack::{Stack, StackSettings, check_stacks};
pub use state::{State, StateBackend};
