//! The order in which Argo CD's objects go.
//!
//! The root stops first, so that it brings nothing back. ApplicationSets go without what they made, or they would make it
//! anew. Then the Applications go from the last wave to the first, each with all that it brought: only for this they get
//! the finalizer that makes Argo CD delete it. Argo CD's own Application and the root go without: the engine has to be
//! there to the end, and goes with the cluster. Projects are last, since an Application cannot be deleted without its own.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DeleteParams;
use serde_json::{Value, json};

use super::{APPLICATION_SET, CASCADE, PROJECT, SELF, application, observed::Observed, picture::members};
use crate::sync::{ObjectRef, SyncError, unhand::Unhanding};

/// Takes out what Argo CD delivers from the root.
pub(in crate::sync) async fn unhand(unhanding: &mut Unhanding<'_>) -> Result<(), SyncError> {
    let root = unhanding.root.object();
    let own = application(&unhanding.root.namespace, SELF);
    let objects = unhanding.live.objects();
    let projects: BTreeSet<_> = objects
        .get(&root)
        .into_iter()
        .flat_map(|live| Observed(live).managed())
        .filter(|object| object.kind == PROJECT)
        .collect();
    let (sets, applications): (BTreeSet<_>, BTreeSet<_>) = members(unhanding.root, objects)
        .into_iter()
        .filter(|object| objects.contains_key(object))
        .partition(|object| object.kind == APPLICATION_SET);
    let mut waves: BTreeMap<i64, BTreeSet<ObjectRef>> = BTreeMap::new();
    for object in applications.into_iter().filter(|object| *object != root && *object != own) {
        let wave = objects.get(&object).map_or(0, |live| Observed(live).wave());
        waves.entry(wave).or_default().insert(object);
    }

    let stop = json!({"spec": {"syncPolicy": {"automated": Value::Null}}, "operation": Value::Null});
    for object in [&root, &own] {
        unhanding.patch(object, "stop", stop.clone()).await?;
    }
    unhanding.delete_with(sets, &DeleteParams::orphan()).await?;
    for (_, wave) in waves.into_iter().rev() {
        for object in &wave {
            let cascade = json!({"metadata": {"finalizers": [CASCADE]}});
            unhanding.patch(object, "prepare to delete", cascade).await?;
        }
        unhanding.delete(wave).await?;
    }
    for object in [own, root] {
        let none = json!({"metadata": {"finalizers": Value::Null}});
        unhanding.patch(&object, "let go of", none).await?;
        unhanding.delete([object].into()).await?;
    }
    unhanding.delete(projects).await
}
