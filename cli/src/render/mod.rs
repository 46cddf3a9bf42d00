//! Registry → Kubernetes objects, offline, as Flux would build them; and the difference between
//! two sides. Input is an exported tree of the repository; output is objects with their origin.
//!
//! Reads files and runs kustomize. Must not know: Git, clusters, Terraform, how a difference is
//! shown. Manifests come from people who may not be trusted: nothing outside the tree is read, and
//! no value of a Secret leaves this room.

mod build;
mod cache;
mod compare;
mod diff;
mod error;
mod fields;
mod flux;
mod generated;
mod inputs;
mod kustomization;
mod mask;
mod object;
mod program;
mod registry;
mod renderer;
mod substitute;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub use compare::RegistryDiff;
pub use diff::{Difference, EngineDiff, ObjectChange, ObjectDiff, diff};
pub use error::RenderError;
pub use fields::FieldChange;
pub use object::{ObjectId, Origin, Rendered, RenderedObject};
pub use program::Kustomize;
pub use registry::{Registry, registries};
pub use renderer::{RenderSettings, Renderer};
pub use substitute::Values;
pub use yaml::{DiffLine, Sign, diff_lines};
