//! Whether a repository is well-formed and a machine is equipped: what `kstack validate` and
//! `kstack doctor` look at. Nothing is changed, and nothing outside the machine is asked.
//!
//! Must not know: how a platform is scaffolded, the terminal.

mod argocd;
mod configuration;
mod error;
mod files;
mod flux;
mod kustomize;
mod machine;
mod placeholders;
mod policies;
mod program;
mod repository;
mod sources;
mod stacks;
mod syntax;
mod terraform;
mod workflows;
mod yaml;

pub use error::CheckError;
pub use files::Files;
pub use machine::{Check, Finding, Machine, examine};
pub use repository::{Report, repository};
pub use sources::{Sources, documents};
pub use terraform::terraform;
