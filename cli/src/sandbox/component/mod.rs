//! The programs that a sandbox is made of: which, in which version, and how they come into the cache.
//!
//! Each is looked for in a folder given by the user, then in the cache, then downloaded from its
//! publisher where there is such a download, and otherwise built from its Go module.

mod build;
mod cache;
mod download;
mod manifests;
mod obtain;
mod table;

pub(super) use cache::hex;
pub use manifests::ArgoInstall;
pub use obtain::{ComponentSettings, Components, Obtain, Paths};
pub use table::{ARGOCD, Component, FLUX};
