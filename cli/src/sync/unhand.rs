//! Taking the engine's objects out of a cluster that is going to be destroyed.
//!
//! Load balancers, volumes and DNS records belong to objects that the engine brought; destroying the
//! cluster under them would leave them behind. To delete the root alone would be wrong as well: its
//! inventory holds the engine itself, which would then be gone before it has finished the others.
//! So the root is suspended, everything it brought is deleted from the last dependant to the first
//! dependency, and the root goes last. Finalizers are waited for, never removed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::StreamExt as _;
use kube::{
    api::{DeleteParams, ListParams, Patch, PatchParams},
    core::DynamicObject,
};
use serde::Serialize;
use serde_json::json;

use super::{
    Cluster, ObjectRef, RootSource, SyncError,
    event::{Sink, SyncEvent},
    kinds::{self, FIELD_MANAGER, FluxKinds, SOURCE_GROUP},
    live::Live,
    observed::Observed,
    picture::members,
};

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnhandReport {
    /// The objects in the order in which they went.
    pub deleted: Vec<ObjectRef>,
}

/// Deletes what Flux delivers to the cluster from `root`, then its sources, and waits until all of it is gone.
/// What was taken out before, or never handed over, is no error.
///
/// # Errors
/// [`SyncError::StillThere`] when finalizers are not done within `timeout`, and whatever the API server refuses.
pub async fn unhand(
    cluster: &Cluster,
    root: &RootSource,
    timeout: Duration,
    sink: Sink<'_>,
) -> Result<UnhandReport, SyncError> {
    let kinds = FluxKinds::discover(cluster).await?;
    let mut unhanding = Unhanding {
        cluster,
        kinds: &kinds,
        root,
        sink,
        live: Live::default(),
        pending: BTreeSet::new(),
        deleted: Vec::new(),
    };
    match tokio::time::timeout(timeout, unhanding.run()).await {
        Ok(Ok(())) => Ok(UnhandReport { deleted: unhanding.deleted }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SyncError::StillThere { objects: unhanding.pending.into_iter().collect(), within: timeout }),
    }
}

struct Unhanding<'a> {
    cluster: &'a Cluster,
    kinds: &'a FluxKinds,
    root: &'a RootSource,
    sink: Sink<'a>,
    live: Live,
    /// What is being deleted.
    pending: BTreeSet<ObjectRef>,
    deleted: Vec<ObjectRef>,
}

impl Unhanding<'_> {
    async fn run(&mut self) -> Result<(), SyncError> {
        self.live = Live::list(self.cluster, self.kinds).await?;
        let root = self.root.kustomization();
        if self.live.objects().contains_key(&root) {
            self.suspend(&root).await?;
        }
        let members = members(self.root, self.live.objects());
        // Sources stay until nothing needs them: a release is removed with the chart that it came from.
        let delivered = members.iter().filter(|object| **object != root && object.group != SOURCE_GROUP);
        for wave in waves(delivered.cloned().collect(), self.live.objects()) {
            self.delete(wave).await?;
        }
        self.delete([root].into()).await?;
        let sources = self.sources().await?;
        self.delete(sources).await
    }

    async fn suspend(&self, object: &ObjectRef) -> Result<(), SyncError> {
        let Some(api) = self.kinds.api(&self.cluster.client, object) else { return Ok(()) };
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        api.patch(&object.name, &parameters, &Patch::Merge(json!({"spec": {"suspend": true}})))
            .await
            .map_err(self.cluster.failed(format!("suspend `{object}`")))?;
        Ok(())
    }

    /// All sources in the engine's namespace.
    async fn sources(&self) -> Result<BTreeSet<ObjectRef>, SyncError> {
        let mut sources = BTreeSet::new();
        for resource in self.kinds.sources() {
            let api = kinds::api(&self.cluster.client, resource, Some(&self.root.namespace));
            let action = format!("list the objects of kind `{}`", resource.kind);
            for source in api.list(&ListParams::default()).await.map_err(self.cluster.failed(action))? {
                let name = source.metadata.name.as_deref().unwrap_or_default();
                sources.insert(ObjectRef::namespaced(&resource.group, &resource.kind, &self.root.namespace, name));
            }
        }
        Ok(sources)
    }

    /// Deletes `objects` and waits until they are gone.
    async fn delete(&mut self, objects: BTreeSet<ObjectRef>) -> Result<(), SyncError> {
        for object in objects {
            let Some(api) = self.kinds.api(&self.cluster.client, &object) else { continue };
            match api.delete(&object.name, &DeleteParams::background()).await {
                Ok(_) => {
                    (self.sink)(SyncEvent::Deleting { object: object.clone() });
                    self.pending.insert(object);
                }
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => return Err(self.cluster.failed(format!("delete `{object}`"))(error)),
            }
        }
        while let Some(object) = self.pending.first().cloned() {
            self.gone(&object).await?;
            self.pending.remove(&object);
            self.deleted.push(object);
        }
        Ok(())
    }

    /// Waits until `object` does not exist.
    async fn gone(&self, object: &ObjectRef) -> Result<(), SyncError> {
        let Some(api) = self.kinds.api(&self.cluster.client, object) else { return Ok(()) };
        let mut states = std::pin::pin!(kube::runtime::watcher::watch_object(api, &object.name));
        while let Some(state) = states.next().await {
            // A lost connection is made again by the watch; the timeout of the whole bounds it.
            if matches!(state, Ok(None)) {
                break;
            }
        }
        Ok(())
    }
}

/// `left` in the order in which it can go. A circle of dependencies, which Flux never delivers, goes at once.
fn waves(mut left: BTreeSet<ObjectRef>, live: &BTreeMap<ObjectRef, DynamicObject>) -> Vec<BTreeSet<ObjectRef>> {
    let parents = parents(&left, live);
    let mut waves = Vec::new();
    while !left.is_empty() {
        let needed: BTreeSet<_> = left.iter().flat_map(|object| needs(object, live, &parents)).collect();
        let mut wave: BTreeSet<_> = left.difference(&needed).cloned().collect();
        if wave.is_empty() {
            wave = left.clone();
        }
        left.retain(|object| !wave.contains(object));
        waves.push(wave);
    }
    waves
}

/// Which Kustomization of `among` brought which object.
fn parents(among: &BTreeSet<ObjectRef>, live: &BTreeMap<ObjectRef, DynamicObject>) -> BTreeMap<ObjectRef, ObjectRef> {
    let brought = |parent: &ObjectRef| live.get(parent).map(|live| Observed(live).applied()).unwrap_or_default();
    among.iter().flat_map(|parent| brought(parent).into_iter().map(|child| (child, parent.clone()))).collect()
}

/// What must not go before `object` has gone: what it depends on and what that came from; and what it brought,
/// because it would bring it again. When a Kustomization goes, Flux deletes what it brought, all at once.
fn needs(
    object: &ObjectRef,
    live: &BTreeMap<ObjectRef, DynamicObject>,
    parents: &BTreeMap<ObjectRef, ObjectRef>,
) -> Vec<ObjectRef> {
    let Some(observed) = live.get(object).map(Observed) else { return Vec::new() };
    let dependencies = observed.depends_on();
    let sources = dependencies.iter().filter_map(|dependency| parents.get(dependency));
    let sources: Vec<_> = sources.filter(|parent| parents.get(object) != Some(parent)).cloned().collect();
    dependencies.into_iter().chain(sources).chain(observed.applied()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn kustomization(name: &str, depends_on: &[&str]) -> (ObjectRef, DynamicObject) {
        bringing(name, depends_on, &[])
    }

    fn bringing(name: &str, depends_on: &[&str], brought: &[&str]) -> (ObjectRef, DynamicObject) {
        let id = |name: &&str| json!({"id": format!("flux-system_{name}_kustomize.toolkit.fluxcd.io_Kustomization"), "v": "v1"});
        let entries: Vec<Value> = brought.iter().map(id).collect();
        let depends_on: Vec<Value> = depends_on.iter().map(|name| json!({"name": name})).collect();
        let live: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"}, "spec": {"dependsOn": depends_on}, "status": {"inventory": {"entries": entries}},
        }))
        .unwrap();
        (ObjectRef::of(&live).unwrap(), live)
    }

    fn order(objects: &[(ObjectRef, DynamicObject)]) -> Vec<Vec<String>> {
        let live: BTreeMap<_, _> = objects.iter().cloned().collect();
        let waves = waves(live.keys().cloned().collect(), &live);
        waves.into_iter().map(|wave| wave.into_iter().map(|object| object.name).collect()).collect()
    }

    #[test]
    fn dependants_go_before_what_they_depend_on() {
        let objects =
            [kustomization("apps", &["services"]), kustomization("services", &["crds"]), kustomization("crds", &[])];
        assert_eq!(order(&objects), [["apps"], ["services"], ["crds"]]);
    }

    #[test]
    fn what_brought_a_dependency_stays_until_the_dependant_is_gone() {
        let objects = [
            kustomization("apps", &["ingress"]),
            bringing("services", &[], &["ingress"]),
            kustomization("ingress", &[]),
        ];
        assert_eq!(order(&objects), [["apps"], ["services"], ["ingress"]]);
    }

    #[test]
    fn what_is_independent_goes_together_and_a_circle_at_once() {
        assert_eq!(order(&[kustomization("a", &[]), kustomization("b", &["gone"])]), [["a", "b"]]);
        assert_eq!(order(&[kustomization("a", &["b"]), kustomization("b", &["a"])]), [["a", "b"]]);
    }
}
