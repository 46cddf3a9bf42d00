//! Answers and templates → a set of files, written as a whole or not at all.
//!
//! Must not know: the terminal, the network, Git. What a repository must look like after it was
//! written is the business of `check/`.

mod answers;
mod app;
mod assets;
mod bootstrap;
mod catalogue;
mod changes;
mod cluster;
mod documents;
mod edits;
mod error;
mod lock;
mod moves;
mod network;
mod platform;
mod pool;
mod provider;
mod readme;
mod registry;
mod service;
mod template;
mod values;
mod workspace;
mod write;

pub use answers::{Answers, Draft, EnvironmentDraft, Field, Places, Problem, Question, forge_of, platform_name};
pub use app::{Image, InvalidImage, NewApp, Origin, Promoted, Version, add_app, promote_app};
pub use assets::Assets;
pub use catalogue::{Catalogue, Chart, Namespace, Need, PodSecurity, Service, Standard};
pub use changes::{ChangeSet, NewFile};
pub use cluster::{Cluster, ExistingNetwork, InvalidCluster, Place, Settings};
pub use edits::{Edit, Edits};
pub use error::ScaffoldError;
pub use network::{Cidr, InvalidCidr};
pub use platform::{ARGOCD_VERSION, FLUX_VERSION, answers_file, platform};
pub use provider::{Provider, UnknownProvider};
pub use service::{Added, Kind, NewService, Removed, add_custom_service, add_service, remove};
pub use workspace::{Listed, Registry, Selection, Workspace, manifests};
pub use write::{Existing, Staged};
