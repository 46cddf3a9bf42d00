//! Flux's kinds, and the marks that it reads and writes.

use crate::sync::{ObjectRef, kinds::Kind};

/// Flux's sources, such as `GitRepository`.
pub(super) const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// Flux's `Kustomization`; also the prefix of the labels that it puts on what it applies.
pub(in crate::sync) const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// Flux's `HelmRelease`.
pub(super) const HELM_GROUP: &str = "helm.toolkit.fluxcd.io";

pub(super) const GIT_REPOSITORY: &str = "GitRepository";
pub(super) const HELM_CHART: &str = "HelmChart";
pub(super) const KUSTOMIZATION: &str = "Kustomization";
pub(super) const HELM_RELEASE: &str = "HelmRelease";

/// The kinds that deliver a registry.
pub(in crate::sync) const DELIVERING: &[Kind] = &[
    (SOURCE_GROUP, GIT_REPOSITORY),
    (SOURCE_GROUP, HELM_CHART),
    (KUSTOMIZE_GROUP, KUSTOMIZATION),
    (HELM_GROUP, HELM_RELEASE),
];

/// The other sources; like the delivering ones, all of them have finalizers.
pub(in crate::sync) const OTHER_SOURCES: &[Kind] = &[
    (SOURCE_GROUP, "OCIRepository"),
    (SOURCE_GROUP, "Bucket"),
    (SOURCE_GROUP, "HelmRepository"),
    (SOURCE_GROUP, "ExternalArtifact"),
];

/// Annotation that asks a Flux controller to reconcile an object now; the controller copies its
/// value to `status.lastHandledReconcileAt` when it has.
pub(in crate::sync) const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Whether `object` is of a kind that delivers a registry.
pub(super) fn is_delivering(object: &ObjectRef) -> bool {
    DELIVERING.contains(&(object.group.as_str(), object.kind.as_str()))
}
