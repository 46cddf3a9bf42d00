//! The kinds of the API that this room works with by name.

use std::collections::BTreeSet;

use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
    discovery::Discovery,
};

use super::{Cluster, Engine, ObjectRef, SyncError};

/// A kind: group and name.
pub(super) type Kind = (&'static str, &'static str);

/// The field manager of everything that kstack applies.
pub(super) const FIELD_MANAGER: &str = "kstack";

/// The kinds of an engine that the cluster serves, in the versions that it prefers.
#[derive(Debug, Clone)]
pub(super) struct Kinds {
    engine: Engine,
    served: Vec<ApiResource>,
}

impl Kinds {
    /// Asks the API server.
    pub(super) async fn discover(cluster: &Cluster, engine: Engine) -> Result<Self, SyncError> {
        let kinds = || engine.delivering().iter().chain(engine.others());
        let groups: Vec<&str> = kinds().map(|(group, _)| *group).collect::<BTreeSet<_>>().into_iter().collect();
        let discovery = Discovery::new(cluster.client.clone())
            .filter(&groups)
            .run_aggregated()
            .await
            .map_err(cluster.failed("list the kinds of the cluster"))?;
        let served = kinds().filter_map(|(group, kind)| Some(discovery.get(group)?.recommended_kind(kind)?.0));
        Ok(Self { engine, served: served.collect() })
    }

    pub(super) fn get(&self, group: &str, kind: &str) -> Option<&ApiResource> {
        self.served.iter().find(|resource| resource.group == group && resource.kind == kind)
    }

    /// The served kinds that deliver a registry.
    pub(super) fn delivering(&self) -> impl Iterator<Item = &ApiResource> {
        self.engine.delivering().iter().filter_map(|(group, kind)| self.get(group, kind))
    }

    /// The served kinds of `group`.
    pub(super) fn of_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a ApiResource> {
        self.served.iter().filter(move |resource| resource.group == group)
    }

    /// The API of `object`, or `None` where its kind is not served.
    pub(super) fn api(&self, client: &Client, object: &ObjectRef) -> Option<Api<DynamicObject>> {
        Some(api(client, self.get(&object.group, &object.kind)?, object.namespace.as_deref()))
    }

    /// The live `object`, or `None` where it is not there or its kind is not served.
    pub(super) async fn read(&self, cluster: &Cluster, object: &ObjectRef) -> Result<Option<DynamicObject>, SyncError> {
        match self.api(&cluster.client, object) {
            Some(api) => api.get_opt(&object.name).await.map_err(cluster.failed(format!("read `{object}`"))),
            None => Ok(None),
        }
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
