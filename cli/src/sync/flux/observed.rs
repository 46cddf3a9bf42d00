//! Reading what Flux's objects say about themselves.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use super::kinds::{HELM_CHART, SOURCE_GROUP, is_delivering};
use crate::sync::ObjectRef;

/// A live object of Flux.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed<'a>(pub(super) &'a DynamicObject);

impl<'a> Observed<'a> {
    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.data.pointer(pointer)?.as_str()
    }

    pub(super) fn is_suspended(self) -> bool {
        self.0.data.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn is_deleting(self) -> bool {
        self.0.metadata.deletion_timestamp.is_some()
    }

    /// The condition of this type, if it speaks of the object as it is now and not of an earlier generation.
    pub(super) fn condition(self, of_type: &str) -> Option<Condition> {
        let conditions = self.0.data.pointer("/status/conditions")?.as_array()?;
        let condition = conditions.iter().find(|condition| condition["type"] == of_type)?;
        let condition: Condition = serde_json::from_value(condition.clone()).ok()?;
        let current = condition.observed_generation.is_none_or(|of| Some(of) == self.0.metadata.generation);
        current.then_some(condition)
    }

    /// Whether the controller has brought the object as it is now to an end.
    pub(super) fn is_observed(self) -> bool {
        self.0.data.pointer("/status/observedGeneration").and_then(Value::as_i64) == self.0.metadata.generation
    }

    /// Whether the controller has answered the request to reconcile that `token` marks.
    pub(super) fn has_answered(self, token: &str) -> bool {
        self.text("/status/lastHandledReconcileAt") == Some(token)
    }

    /// When the source got the artifact that it has.
    pub(super) fn artifact_time(self) -> Option<Timestamp> {
        self.text("/status/artifact/lastUpdateTime")?.parse().ok()
    }

    /// The object that this one gets its content from.
    pub(super) fn source(self) -> Option<ObjectRef> {
        let namespace = self.text("/spec/sourceRef/namespace").or(self.0.metadata.namespace.as_deref())?;
        let (kind, name) = (self.text("/spec/sourceRef/kind")?, self.text("/spec/sourceRef/name")?);
        Some(ObjectRef::namespaced(SOURCE_GROUP, kind, namespace, name))
    }

    /// Everything that this Kustomization has applied.
    pub(super) fn inventory(self) -> Vec<ObjectRef> {
        let entries = self.0.data.pointer("/status/inventory/entries").and_then(Value::as_array);
        let ids = entries.into_iter().flatten().filter_map(|entry| entry["id"].as_str());
        ids.filter_map(inventory_id).collect()
    }

    /// What of it delivers something in turn, in the same cluster.
    pub(super) fn applied(self) -> Vec<ObjectRef> {
        if self.0.data.pointer("/spec/kubeConfig").is_some() {
            return Vec::new();
        }
        self.inventory().into_iter().filter(is_delivering).collect()
    }

    /// The chart that this release is made from, where helm-controller keeps one for it.
    pub(super) fn chart(self) -> Option<ObjectRef> {
        let (namespace, name) = self.text("/status/helmChart")?.split_once('/')?;
        Some(ObjectRef::namespaced(SOURCE_GROUP, HELM_CHART, namespace, name))
    }

    /// The Kustomizations that must have delivered before this one starts.
    pub(super) fn depends_on(self) -> Vec<ObjectRef> {
        let Some(object) = ObjectRef::of(self.0) else { return Vec::new() };
        let entries = self.0.data.pointer("/spec/dependsOn").and_then(Value::as_array);
        let depends = entries.into_iter().flatten().filter_map(|entry| {
            let namespace = entry["namespace"].as_str().or(object.namespace.as_deref())?;
            Some(ObjectRef::namespaced(&object.group, &object.kind, namespace, entry["name"].as_str()?))
        });
        depends.collect()
    }
}

/// Reads an entry of an inventory: `<namespace>_<name>_<group>_<kind>`, where a colon of a name is written `__`.
fn inventory_id(id: &str) -> Option<ObjectRef> {
    let mut parts = id.rsplitn(3, '_');
    let (kind, group, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (namespace, name) = rest.split_once('_')?;
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
    fn an_inventory_names_objects() {
        let read =
            |id| inventory_id(id).map(|object| (object.to_string(), object.group.clone(), is_delivering(&object)));
        let some = |name: &str, group: &str, delivers| Some((name.to_owned(), group.to_owned(), delivers));
        let helm = "helm.toolkit.fluxcd.io";
        assert_eq!(read("apps_web_helm.toolkit.fluxcd.io_HelmRelease"), some("HelmRelease/apps/web", helm, true));
        assert_eq!(read("_apps__Namespace"), some("Namespace/apps", "", false));
        let rbac = "rbac.authorization.k8s.io";
        assert_eq!(
            read("_system__controller_rbac.authorization.k8s.io_ClusterRole"),
            some("ClusterRole/system:controller", rbac, false)
        );
        assert_eq!(read("nonsense"), None);
    }
}
