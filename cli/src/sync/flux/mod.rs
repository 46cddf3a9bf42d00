//! Flux: the files of `flux bootstrap`, what its objects say, and the order in which they go.

mod files;
mod info;
mod kinds;
mod live;
mod observed;
mod picture;
mod unhand;

pub(super) use files::read;
pub use files::{COMPONENTS, SYNC};
pub(super) use info::cluster_info;
pub(super) use kinds::{DELIVERING, KUSTOMIZE_GROUP, OTHER_SOURCES, REQUESTED_AT};
pub(super) use live::delivers;
pub(super) use picture::{assess, behind, brought, free, members};
pub(super) use unhand::unhand;
