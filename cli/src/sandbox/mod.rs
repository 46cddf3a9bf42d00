//! The local control plane: components, processes, kubeconfig, and a Git server beside it.
//!
//! Where a Docker engine answers this is a kind cluster; otherwise etcd, the Kubernetes control
//! plane, a kwok node and Flux's controllers run as ordinary processes that listen on loopback
//! only. Everything about one sandbox lies in one folder and goes away with it.
//!
//! Must not know: the terminal, the scaffolded repository, how a cluster is handed over to its engine.

mod boot;
mod cluster;
mod component;
mod down;
mod driver;
mod error;
mod event;
mod files;
mod git_server;
mod kind;
mod kubeconfig;
mod launch;
mod layout;
mod member;
mod pki;
mod ports;
mod probe;
mod process;
mod record;
mod status;
mod supervisor;

pub use component::{
    ARGOCD as ARGOCD_VERSION, ArgoInstall, Component, ComponentSettings, Components, FLUX as FLUX_VERSION, Obtain,
    Paths,
};
pub use down::Remains;
pub use driver::{DriverChoice, Ready, UpSettings};
pub use error::SandboxError;
pub use event::{ObtainedBy, SandboxEvent, Sink};
pub use git_server::serve as serve_git;
pub use layout::{GIT_USER, Reservation, Sandbox};
pub use member::Member;
pub use record::{Driver, EngineKind};
pub use status::{Health, MemberStatus, Status};
