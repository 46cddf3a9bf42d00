//! The engine's objects as they are in the cluster, kept up to date by watches.

use std::collections::{BTreeMap, BTreeSet};

use futures::{Stream, StreamExt as _, stream};
use kube::{
    api::ListParams,
    core::{ApiResource, DynamicObject, TypeMeta},
    runtime::{WatchStreamExt as _, watcher},
};

use super::{
    Cluster, ObjectRef, SyncError,
    kinds::{self, Kinds},
};

/// A change of one object, or a step of listing a kind anew.
pub(super) type Change = (ApiResource, Result<watcher::Event<DynamicObject>, watcher::Error>);

/// Changes handled at once: the lists at the start come as one event per object.
const BATCH: usize = 256;

/// What is known of the objects that deliver a registry, in all namespaces.
#[derive(Debug, Default)]
pub(super) struct Live {
    objects: BTreeMap<ObjectRef, DynamicObject>,
    /// The objects seen since a kind began to be listed anew, by kind.
    listing: BTreeMap<String, BTreeSet<ObjectRef>>,
}

impl Live {
    /// Everything as it is now.
    pub(super) async fn list(cluster: &Cluster, kinds: &Kinds) -> Result<Self, SyncError> {
        let mut live = Self::default();
        for resource in kinds.delivering() {
            let action = format!("list the objects of kind `{}`", resource.kind);
            let api = kinds::api(&cluster.client, resource, None);
            for object in api.list(&ListParams::default()).await.map_err(cluster.failed(action))? {
                live.insert(resource, object);
            }
        }
        Ok(live)
    }

    /// Every change from now on, in batches; never ends, and finds its way back after a lost connection.
    pub(super) fn changes(cluster: &Cluster, kinds: &Kinds) -> impl Stream<Item = Vec<Change>> + Unpin + use<> {
        let watches = kinds.delivering().cloned().map(|resource| {
            let api = kinds::api(&cluster.client, &resource, None);
            let watch = watcher(api, watcher::Config::default()).default_backoff();
            watch.map(move |event| (resource.clone(), event)).boxed()
        });
        stream::select_all(watches).ready_chunks(BATCH)
    }

    /// Takes a change in. What the watch complains about is handed back; it goes on by itself.
    pub(super) fn take(&mut self, (resource, event): Change) -> Result<(), watcher::Error> {
        match event? {
            watcher::Event::Apply(object) => drop(self.insert(&resource, object)),
            watcher::Event::Delete(object) => {
                if let Some(object) = reference(&resource, &object) {
                    self.objects.remove(&object);
                }
            }
            watcher::Event::Init => drop(self.listing.insert(resource.kind, BTreeSet::new())),
            watcher::Event::InitApply(object) => {
                let object = self.insert(&resource, object);
                self.listing.entry(resource.kind).or_default().extend(object);
            }
            watcher::Event::InitDone => {
                // What was deleted while nobody watched is not listed.
                let listed = self.listing.remove(&resource.kind).unwrap_or_default();
                self.objects.retain(|object, _| {
                    object.group != resource.group || object.kind != resource.kind || listed.contains(object)
                });
            }
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, resource: &ApiResource, mut object: DynamicObject) -> Option<ObjectRef> {
        let reference = reference(resource, &object)?;
        // Lists leave the types of their items out.
        let types = TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() };
        object.types = Some(types);
        self.objects.insert(reference.clone(), object);
        Some(reference)
    }

    pub(super) fn objects(&self) -> &BTreeMap<ObjectRef, DynamicObject> {
        &self.objects
    }
}

fn reference(resource: &ApiResource, object: &DynamicObject) -> Option<ObjectRef> {
    Some(ObjectRef {
        group: resource.group.clone(),
        kind: resource.kind.clone(),
        namespace: object.metadata.namespace.clone(),
        name: object.metadata.name.clone()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(kind: &str) -> ApiResource {
        kinds::builtin("example.com", "v1", kind)
    }

    fn object(name: &str) -> DynamicObject {
        DynamicObject::new(name, &resource("Thing")).within("x")
    }

    fn names(live: &Live) -> Vec<String> {
        live.objects().keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_new_list_drops_what_was_deleted_unseen_and_only_of_its_kind() {
        let mut live = Live::default();
        let mut take = |kind: &str, event| live.take((resource(kind), Ok(event))).unwrap();
        take("Thing", watcher::Event::Apply(object("old")));
        take("Other", watcher::Event::Apply(object("other")));
        take("Thing", watcher::Event::Init);
        take("Thing", watcher::Event::InitApply(object("new")));
        take("Thing", watcher::Event::InitDone);
        assert_eq!(names(&live), ["Other/x/other", "Thing/x/new"]);
    }
}
