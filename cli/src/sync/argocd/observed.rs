//! Reading what Applications and ApplicationSets say about themselves.
//! Fields: pkg/apis/application/v1alpha1/types.go of Argo CD.

use kube::core::DynamicObject;
use serde_json::Value;

use super::{APPLICATION, APPLICATION_SET, GROUP, REFRESH, SYNC_WAVE, application};
use crate::sync::{ObjectRef, object::group_of};

/// A live object of Argo CD.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed<'a>(pub(super) &'a DynamicObject);

impl<'a> Observed<'a> {
    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.data.pointer(pointer)?.as_str()
    }

    fn list(self, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.0.data.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
    }

    pub(super) fn is_deleting(self) -> bool {
        self.0.metadata.deletion_timestamp.is_some()
    }

    /// Whether it was asked to look at Git and has not done so yet.
    pub(super) fn is_asked(self) -> bool {
        self.annotation(REFRESH).is_some()
    }

    fn annotation(self, name: &str) -> Option<&'a str> {
        Some(self.0.metadata.annotations.as_ref()?.get(name)?.as_str())
    }

    /// Its place in the order; 0 where it says nothing.
    pub(super) fn wave(self) -> i64 {
        self.annotation(SYNC_WAVE).and_then(|wave| wave.parse().ok()).unwrap_or_default()
    }

    /// Whether it syncs by itself.
    pub(super) fn is_automated(self) -> bool {
        let automated = self.0.data.pointer("/spec/syncPolicy/automated");
        automated.is_some_and(|automated| automated.get("enabled").and_then(Value::as_bool) != Some(false))
    }

    /// Whether a sync is on its way or asked for.
    pub(super) fn is_syncing(self) -> bool {
        self.text("/status/operationState/phase") == Some("Running") || self.0.data.get("operation").is_some()
    }

    /// How often the running sync was begun again after a failure.
    pub(super) fn retries(self) -> i64 {
        self.0.data.pointer("/status/operationState/retryCount").and_then(Value::as_i64).unwrap_or_default()
    }

    /// The commits that it is at, of those of its sources that are `url`; a chart's version is none.
    pub(super) fn revisions(self, url: &str) -> Vec<&'a str> {
        if self.0.data.pointer("/spec/sources").is_none() {
            let own = self.text("/spec/source/repoURL") == Some(url);
            return own.then(|| self.text("/status/sync/revision")).flatten().into_iter().collect();
        }
        let at = |index: usize| self.text(&format!("/status/sync/revisions/{index}"));
        let sources = self.list("/spec/sources").enumerate();
        sources.filter(|(_, source)| source["repoURL"] == url).map(|(index, _)| at(index).unwrap_or_default()).collect()
    }

    /// Whether one of its sources is `url`.
    pub(super) fn is_from(self, url: &str) -> bool {
        self.text("/spec/source/repoURL") == Some(url) || self.list("/spec/sources").any(|one| one["repoURL"] == url)
    }

    /// What keeps it from being compared or synced at all: type and message.
    pub(super) fn error(self) -> Option<(&'a str, &'a str)> {
        let errors = ["InvalidSpecError", "ComparisonError", "UnknownError"];
        self.list("/status/conditions").find_map(|condition| {
            let kind = condition["type"].as_str().filter(|kind| errors.contains(kind))?;
            Some((kind, condition["message"].as_str().unwrap_or_default()))
        })
    }

    /// Whether the last sync that ended was one to `revision`.
    pub(super) fn has_tried(self, revision: &str) -> bool {
        let single = ["/status/operationState/syncResult/revision", "/status/operationState/operation/sync/revision"];
        let several =
            ["/status/operationState/syncResult/revisions", "/status/operationState/operation/sync/revisions"];
        single.into_iter().any(|pointer| self.text(pointer) == Some(revision))
            || several.into_iter().any(|pointer| self.list(pointer).any(|one| one == revision))
    }

    /// What failed in the last sync, object by object.
    pub(super) fn failed_objects(self) -> Vec<String> {
        let results = self.list("/status/operationState/syncResult/resources");
        let failed = results.filter(|one| one["status"] == "SyncFailed" || one["hookPhase"] == "Failed");
        failed.map(|one| format!("{}: {}", named(one), one["message"].as_str().unwrap_or_default())).collect()
    }

    /// The objects that are not as they should be, as `wanted` of a `field` says, with what they say themselves.
    pub(super) fn objects_that(self, field: &str, wanted: &[&str]) -> Vec<String> {
        let found = self.list("/status/resources").filter_map(|one| {
            let is = one.pointer(field)?.as_str().filter(|is| wanted.contains(is))?;
            let message = one.pointer("/health/message").and_then(Value::as_str).unwrap_or(is);
            Some(format!("{}: {message}", named(one)))
        });
        found.collect()
    }

    /// Everything that it manages.
    pub(super) fn managed(self) -> Vec<ObjectRef> {
        let found = self.list("/status/resources").filter_map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
            Some(ObjectRef {
                group: text("group"),
                kind: text("kind"),
                namespace,
                name: one["name"].as_str()?.to_owned(),
            })
        });
        found.collect()
    }

    /// What of that delivers something in turn.
    pub(super) fn children(self) -> Vec<ObjectRef> {
        let delivers = |object: &ObjectRef| {
            object.group == GROUP && [APPLICATION, APPLICATION_SET].contains(&object.kind.as_str())
        };
        self.managed().into_iter().filter(delivers).collect()
    }

    /// The ApplicationSet that made it.
    pub(super) fn maker(self) -> Option<ObjectRef> {
        let owners = self.0.metadata.owner_references.iter().flatten();
        let mut sets = owners.filter(|owner| owner.kind == APPLICATION_SET && group_of(&owner.api_version) == GROUP);
        let namespace = self.0.metadata.namespace.as_deref()?;
        sets.next().map(|owner| ObjectRef::namespaced(GROUP, APPLICATION_SET, namespace, &owner.name))
    }

    /// The condition of an ApplicationSet, if it holds: its message.
    pub(super) fn condition(self, of_type: &str, status: &str) -> Option<&'a str> {
        let found = self.list("/status/conditions").find(|one| one["type"] == of_type && one["status"] == status);
        found.map(|condition| condition["message"].as_str().unwrap_or_default())
    }

    /// What an ApplicationSet has made, as it says itself.
    pub(super) fn made(self, namespace: &str) -> Vec<ObjectRef> {
        let names = self.list("/status/resources").filter_map(|one| one["name"].as_str());
        names.map(|name| application(namespace, name)).collect()
    }
}

/// `Kind/namespace/name` of an entry of a status.
fn named(entry: &Value) -> String {
    let parts = ["kind", "namespace", "name"].map(|key| entry[key].as_str().unwrap_or_default());
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}
