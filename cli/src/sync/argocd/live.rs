//! What Argo CD in a cluster follows already, and whose it is.

use kube::{api::ListParams, core::DynamicObject};

use super::{SELF, TRACKING_ID, observed::Observed};
use crate::sync::{
    Cluster, Engine, ObjectRef, RootSource, SyncError,
    engine::{follows, normal},
    kinds::{self, FIELD_MANAGER, Kinds},
};

/// The label that every installation of Argo CD puts on its application controller.
const CONTROLLER: &str = "app.kubernetes.io/name=argocd-application-controller";

/// Whether the cluster's Argo CD already delivers this registry. One that follows something else, or that is not from a
/// registry, is an error.
pub(in crate::sync) async fn delivers(cluster: &Cluster, kinds: &Kinds, root: &RootSource) -> Result<bool, SyncError> {
    foreign(cluster, kinds, root).await?;
    let object = root.object();
    let Some(live) = kinds.read(cluster, &object).await? else { return Ok(false) };
    let text = |pointer| Observed(&live).text(pointer).map(ToOwned::to_owned);
    let same = |what, live, wanted: &str| follows(Engine::ArgoCd, what, object.clone(), live, wanted);
    same("repository", text("/spec/source/repoURL"), &root.url)?;
    same("Git reference", text("/spec/source/targetRevision"), &root.reference)?;
    let path = text("/spec/source/path").filter(|path| normal(path) != normal(&root.path));
    same("path", path, &root.path)?;
    Ok(Observed(&live).text("/status/sync/revision").is_some())
}

/// Refuses an Argo CD in another namespace, or one that neither kstack nor its own Application `argocd` applied.
async fn foreign(cluster: &Cluster, kinds: &Kinds, root: &RootSource) -> Result<(), SyncError> {
    let Some(resource) = kinds.get("apps", "StatefulSet") else { return Ok(()) };
    let found = kinds::api(&cluster.client, resource, None)
        .list(&ListParams::default().labels(CONTROLLER))
        .await
        .map_err(cluster.failed("look for another Argo CD"))?;
    for live in found {
        let namespace = live.metadata.namespace.clone().unwrap_or_default();
        let owner = if namespace == root.namespace {
            match stranger(&live) {
                Some(owner) => format!("was applied by {owner}"),
                None => continue,
            }
        } else {
            format!("is in the namespace `{namespace}`")
        };
        let name = live.metadata.name.unwrap_or_default();
        let object = Box::new(ObjectRef::namespaced("apps", "StatefulSet", &namespace, &name));
        return Err(SyncError::ForeignEngine { engine: Engine::ArgoCd.title(), object, owner });
    }
    Ok(())
}

/// Who applied the controller, if it was somebody else.
fn stranger(live: &DynamicObject) -> Option<String> {
    let tracking = live.metadata.annotations.as_ref().and_then(|annotations| annotations.get(TRACKING_ID));
    if let Some((application, _)) = tracking.and_then(|id| id.split_once(':')) {
        return (application != SELF).then(|| format!("the Application `{application}`"));
    }
    let managers = live.metadata.managed_fields.iter().flatten();
    // Who only writes the status brought nothing.
    let managers = managers.filter(|entry| entry.subresource.is_none()).filter_map(|entry| entry.manager.as_deref());
    let managers: Vec<_> = managers.collect();
    if managers.contains(&FIELD_MANAGER) {
        return None;
    }
    managers.first().map(|manager| format!("`{manager}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn applied(metadata: &Value) -> Option<String> {
        let body = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata});
        stranger(&serde_json::from_value(body).unwrap())
    }

    #[test]
    fn who_applied_the_controller_is_read_from_its_marks() {
        let manager = |name: &str| json!({"managedFields": [{"manager": name, "operation": "Apply"}]});
        assert_eq!(applied(&manager("kstack")), None);
        assert_eq!(applied(&manager("helm")).as_deref(), Some("`helm`"));
        let tracked = |id: &str| json!({"annotations": {TRACKING_ID: id}});
        assert_eq!(applied(&tracked("argocd:apps/StatefulSet:argocd/argocd-application-controller")), None);
        assert_eq!(applied(&tracked("root:apps/StatefulSet:argocd/x")).as_deref(), Some("the Application `root`"));
    }
}
