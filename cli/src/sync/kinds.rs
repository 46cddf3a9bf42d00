//! The kinds of the API that this room works with by name.

use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
    discovery::Discovery,
};

use super::{Cluster, ObjectRef, SyncError};

/// Flux's sources, such as `GitRepository`.
pub(super) const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// Flux's `Kustomization`; also the prefix of the labels that it puts on what it applies.
pub(super) const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// Flux's `HelmRelease`.
pub(super) const HELM_GROUP: &str = "helm.toolkit.fluxcd.io";

pub(super) const GIT_REPOSITORY: &str = "GitRepository";
pub(super) const HELM_CHART: &str = "HelmChart";
pub(super) const KUSTOMIZATION: &str = "Kustomization";
pub(super) const HELM_RELEASE: &str = "HelmRelease";

/// The kinds that deliver a registry.
const DELIVERING: &[(&str, &str)] = &[
    (SOURCE_GROUP, GIT_REPOSITORY),
    (SOURCE_GROUP, HELM_CHART),
    (KUSTOMIZE_GROUP, KUSTOMIZATION),
    (HELM_GROUP, HELM_RELEASE),
];

/// Whether `object` is of a kind that delivers a registry.
pub(super) fn is_delivering(object: &ObjectRef) -> bool {
    DELIVERING.contains(&(object.group.as_str(), object.kind.as_str()))
}

/// Flux's sources; all of them have finalizers.
const SOURCES: &[&str] = &[GIT_REPOSITORY, "OCIRepository", "Bucket", "HelmRepository", HELM_CHART, "ExternalArtifact"];

/// Annotation that asks a Flux controller to reconcile an object now; the controller copies its
/// value to `status.lastHandledReconcileAt` when it has.
pub(super) const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// The field manager of everything that kstack applies.
pub(super) const FIELD_MANAGER: &str = "kstack";

/// The kinds of Flux that the cluster serves, in the versions that it prefers.
#[derive(Debug, Clone)]
pub(super) struct FluxKinds(Vec<ApiResource>);

impl FluxKinds {
    /// Asks the API server.
    pub(super) async fn discover(cluster: &Cluster) -> Result<Self, SyncError> {
        let discovery = Discovery::new(cluster.client.clone())
            .filter(&[SOURCE_GROUP, KUSTOMIZE_GROUP, HELM_GROUP])
            .run_aggregated()
            .await
            .map_err(cluster.failed("list the kinds of the cluster"))?;
        let sources = SOURCES.iter().map(|kind| (SOURCE_GROUP, *kind));
        let others = DELIVERING.iter().copied().filter(|(group, _)| *group != SOURCE_GROUP);
        let served =
            sources.chain(others).filter_map(|(group, kind)| Some(discovery.get(group)?.recommended_kind(kind)?.0));
        Ok(Self(served.collect()))
    }

    pub(super) fn get(&self, group: &str, kind: &str) -> Option<&ApiResource> {
        self.0.iter().find(|resource| resource.group == group && resource.kind == kind)
    }

    /// The served kinds that deliver a registry.
    pub(super) fn delivering(&self) -> impl Iterator<Item = &ApiResource> {
        DELIVERING.iter().filter_map(|(group, kind)| self.get(group, kind))
    }

    /// The served kinds of sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &ApiResource> {
        self.0.iter().filter(|resource| resource.group == SOURCE_GROUP)
    }

    /// The API of `object`, or `None` where its kind is not served.
    pub(super) fn api(&self, client: &Client, object: &ObjectRef) -> Option<Api<DynamicObject>> {
        Some(api(client, self.get(&object.group, &object.kind)?, object.namespace.as_deref()))
    }
}

/// The API of objects of `resource` in `namespace`, or of the whole cluster.
pub(super) fn api(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}

/// The resource of a kind that every API server has.
#[cfg(test)]
pub(super) fn builtin(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(group, version, kind))
}
