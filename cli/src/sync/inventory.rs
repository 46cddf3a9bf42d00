//! What the engine has delivered: the objects that its Kustomizations list in their inventories.

use kube::{
    Api,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    Cluster, ObjectRef, SyncError,
    kinds::{KUSTOMIZATION, KUSTOMIZE_GROUP},
};

/// The objects that one Kustomization has applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The Kustomization.
    pub kustomization: ObjectRef,
    /// Its objects, in the engine's order.
    pub objects: Vec<ObjectRef>,
}

/// The inventories of every Kustomization in the cluster, by name.
///
/// # Errors
/// When the cluster cannot be asked, or has no Flux.
pub async fn inventories(cluster: &Cluster) -> Result<Vec<Inventory>, SyncError> {
    let kind = GroupVersionKind::gvk(KUSTOMIZE_GROUP, "v1", KUSTOMIZATION);
    let api: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &ApiResource::from_gvk(&kind));
    let listed = api.list(&ListParams::default()).await.map_err(cluster.failed("list the Kustomizations"))?;
    let mut inventories: Vec<Inventory> = listed
        .iter()
        .filter_map(|object| {
            let entries = object.data.pointer("/status/inventory/entries").and_then(Value::as_array);
            let ids = entries.into_iter().flatten().filter_map(|entry| entry["id"].as_str());
            Some(Inventory { kustomization: ObjectRef::of(object)?, objects: ids.filter_map(object_of).collect() })
        })
        .collect();
    inventories.sort_by(|a, b| a.kustomization.name.cmp(&b.kustomization.name));
    Ok(inventories)
}

/// Reads `<namespace>_<name>_<group>_<kind>`, Flux's form of an object's identity. Names of objects hold
/// no underscore, but those of roles hold colons, which Flux writes as two underscores.
///
/// Source: `github.com/fluxcd/cli-utils/pkg/object`, `ParseObjMetadata`.
fn object_of(id: &str) -> Option<ObjectRef> {
    let (namespace, rest) = id.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    Some(ObjectRef {
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.replace("__", ":"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read() {
        let text = |id| object_of(id).map(|object| object.to_string());
        assert_eq!(text("hello_hello_apps_Deployment").as_deref(), Some("Deployment/hello/hello"));
        assert_eq!(text("_team-a__Namespace").as_deref(), Some("Namespace/team-a"));
        assert_eq!(
            text("_kstack__viewer_rbac.authorization.k8s.io_ClusterRole").as_deref(),
            Some("ClusterRole/kstack:viewer")
        );
        assert_eq!(text("nonsense"), None);
    }
}
