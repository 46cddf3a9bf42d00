//! Reading what Flux's objects say about themselves.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use super::{
    ObjectRef,
    kinds::{GIT_REPOSITORY, HELM_GROUP, HELM_RELEASE, KUSTOMIZATION, KUSTOMIZE_GROUP, SOURCE_GROUP},
};

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

    /// The objects of Flux that this Kustomization has applied to its own cluster.
    pub(super) fn applied(self) -> Vec<ObjectRef> {
        if self.0.data.pointer("/spec/kubeConfig").is_some() {
            return Vec::new();
        }
        let entries = self.0.data.pointer("/status/inventory/entries").and_then(Value::as_array);
        let ids = entries.into_iter().flatten().filter_map(|entry| entry["id"].as_str());
        ids.filter_map(inventory_id).collect()
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

/// Reads an entry of an inventory, `<namespace>_<name>_<group>_<kind>`, if its kind delivers something.
fn inventory_id(id: &str) -> Option<ObjectRef> {
    let mut parts = id.split('_');
    let (namespace, name, group, kind) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let delivers = matches!(
        (group, kind),
        (SOURCE_GROUP, GIT_REPOSITORY) | (KUSTOMIZE_GROUP, KUSTOMIZATION) | (HELM_GROUP, HELM_RELEASE)
    );
    (delivers && parts.next().is_none()).then(|| ObjectRef::namespaced(group, kind, namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_names_the_objects_that_deliver() {
        let id = |id| inventory_id(id).map(|object| object.to_string());
        assert_eq!(id("apps_web_helm.toolkit.fluxcd.io_HelmRelease").as_deref(), Some("HelmRelease/apps/web"));
        assert_eq!(id("_apps__Namespace"), None);
        assert_eq!(id("_system__controller_rbac.authorization.k8s.io_ClusterRole"), None);
    }
}
