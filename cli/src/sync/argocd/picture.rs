//! How far Applications are in delivering a commit.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::DynamicObject;

use super::{APPLICATION_SET, observed::Observed};
use crate::sync::{ObjectRef, ObjectStatus, RootSource, State, picture::Picture, state::DEPENDENCY};

/// Syncs that failed and are begun again, until it counts as a failure: the first ones heal what came in the wrong order.
const RETRIES: i64 = 2;
/// Objects that a message names.
const NAMED: usize = 5;

/// The state of the root Application and of all that came from it: the root first, then by wave.
pub(in crate::sync) fn assess(picture: &Picture<'_>) -> Vec<ObjectStatus> {
    let members = members(picture.root, picture.objects).into_iter();
    let mut all: Vec<_> = members.map(|object| ObjectStatus { state: state(picture, &object), object }).collect();
    let root = picture.root.object();
    let wave = |object: &ObjectRef| picture.objects.get(object).map_or(0, |live| Observed(live).wave());
    all.sort_by_key(|status| (status.object != root, wave(&status.object), status.object.kind != APPLICATION_SET));
    all
}

/// Every Application of the registry that is not at the commit. Each looks at Git for itself, within minutes otherwise.
pub(in crate::sync) fn behind(picture: &Picture<'_>) -> Vec<ObjectRef> {
    let applications = members(picture.root, picture.objects).into_iter().filter(|one| one.kind != APPLICATION_SET);
    applications
        .filter(|object| {
            let live = picture.objects.get(object).map(Observed);
            live.is_some_and(|live| !is_at(picture, live) || live.error().is_some())
        })
        .collect()
}

/// What an Application manages.
pub(in crate::sync) fn brought(live: &DynamicObject) -> Vec<ObjectRef> {
    let is_set = live.types.as_ref().is_some_and(|types| types.kind == APPLICATION_SET);
    if is_set { Vec::new() } else { Observed(live).managed() }
}

/// The root, the Applications and ApplicationSets that came from it through any depth, and what those sets made.
pub(in crate::sync) fn members(root: &RootSource, objects: &BTreeMap<ObjectRef, DynamicObject>) -> BTreeSet<ObjectRef> {
    let mut made: BTreeMap<ObjectRef, Vec<ObjectRef>> = BTreeMap::new();
    for (object, live) in objects {
        if let Some(maker) = Observed(live).maker() {
            made.entry(maker).or_default().push(object.clone());
        }
    }
    let mut open = vec![root.object()];
    let mut members = BTreeSet::new();
    while let Some(object) = open.pop() {
        if let Some(live) = objects.get(&object).map(Observed) {
            if object.kind == APPLICATION_SET {
                open.extend(made.get(&object).into_iter().flatten().cloned());
                open.extend(live.made(&root.namespace));
            } else {
                open.extend(live.children());
            }
            open.retain(|object| !members.contains(object));
        }
        members.insert(object);
    }
    members
}

fn state(picture: &Picture<'_>, object: &ObjectRef) -> State {
    let Some(live) = picture.objects.get(object).map(Observed) else {
        return State::waiting("Missing", "it does not exist yet");
    };
    if live.is_deleting() {
        return State::waiting("Terminating", "it is being deleted");
    }
    if object.kind == APPLICATION_SET { set(live) } else { application(picture, object, live) }
}

/// An ApplicationSet has done its part when it has made its Applications; how far those are, they say themselves.
fn set(live: Observed<'_>) -> State {
    if let Some(message) = live.condition("ErrorOccurred", "True") {
        return State::failure("ErrorOccurred", message);
    }
    match live.condition("ResourcesUpToDate", "True") {
        Some(_) => State::Ready,
        None => State::waiting("Progressing", "it has not made its Applications yet"),
    }
}

fn application(picture: &Picture<'_>, object: &ObjectRef, live: Observed<'_>) -> State {
    if picture.asked.contains_key(object) && live.is_asked() {
        return State::waiting("Progressing", "asked to look now");
    }
    if let Some((kind, message)) = live.error() {
        return State::failure(kind, without_rpc(message));
    }
    let (sync, health) = (live.text("/status/sync/status"), live.text("/status/health/status"));
    let message = live.text("/status/operationState/message").unwrap_or_default();
    if live.is_syncing() {
        return if live.retries() >= RETRIES {
            State::failure("SyncFailed", detailed(message, &live.failed_objects()))
        } else if message.starts_with("waiting for healthy state") {
            State::waiting(DEPENDENCY, message)
        } else {
            State::waiting("Syncing", if message.is_empty() { "it is being synced" } else { message })
        };
    }
    if !is_at(picture, live) {
        let at = live.revisions(&picture.root.url).into_iter().find(|at| *at != picture.revision.as_str());
        return match at.filter(|at| !at.is_empty()) {
            Some(at) => State::waiting("Progressing", format!("it is still at {at}")),
            None => State::waiting("Progressing", "it has not been compared yet"),
        };
    }
    match sync {
        Some("Synced") => match health {
            Some("Healthy") => State::Ready,
            Some("Suspended") => State::Suspended,
            Some("Degraded") => {
                let degraded = live.objects_that("/health/status", &["Degraded"]);
                State::failure("Degraded", detailed("what it brought is degraded", &degraded))
            }
            Some("Missing") => State::waiting(
                "Missing",
                detailed("what it brought is gone", &live.objects_that("/health/status", &["Missing"])),
            ),
            // A parent is as healthy as its children, which speak for themselves.
            Some("Progressing") if !live.children().is_empty() => {
                State::waiting(DEPENDENCY, "what it brought is not ready yet")
            }
            Some("Progressing") => State::waiting(
                "Progressing",
                detailed("not healthy yet", &live.objects_that("/health/status", &["Progressing"])),
            ),
            _ => State::waiting("Unknown", "its health is not known yet"),
        },
        Some("OutOfSync") => {
            let failed = matches!(live.text("/status/operationState/phase"), Some("Failed" | "Error"));
            if failed && live.has_tried(picture.revision.as_str()) {
                return State::failure("SyncFailed", detailed(message, &live.failed_objects()));
            }
            if !live.is_automated() {
                return State::Suspended;
            }
            State::waiting("OutOfSync", detailed("it differs from Git", &live.objects_that("/status", &["OutOfSync"])))
        }
        _ => State::waiting("Unknown", "whether it is in sync is not known yet"),
    }
}

/// Whether it was last compared with the commit.
fn is_at(picture: &Picture<'_>, live: Observed<'_>) -> bool {
    let revisions = live.revisions(&picture.root.url);
    // What comes from elsewhere follows no commit of ours.
    if revisions.is_empty() {
        !live.is_from(&picture.root.url)
    } else {
        revisions.iter().all(|at| *at == picture.revision.as_str())
    }
}

/// `message` with the first of `objects`.
fn detailed(message: &str, objects: &[String]) -> String {
    if objects.is_empty() {
        return message.to_owned();
    }
    let more = objects.len().saturating_sub(NAMED);
    let mut listed = objects[..objects.len() - more].join("; ");
    if more > 0 {
        listed = format!("{listed}; and {more} more");
    }
    format!("{message}: {listed}")
}

/// The message without what the connection between Argo CD's processes adds, and with paths of the repository instead of
/// those of its work folder.
fn without_rpc(message: &str) -> String {
    let told = message.rsplit_once("rpc error: code = ").and_then(|(_, rest)| Some(rest.split_once(" desc = ")?.1));
    told.unwrap_or(message).trim().replace("<path to cached source>/", "")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sync::{Engine, argocd::application as named};

    const URL: &str = "https://example.com/p";

    struct Case {
        root: RootSource,
        objects: BTreeMap<ObjectRef, DynamicObject>,
        asked: BTreeMap<ObjectRef, String>,
    }

    impl Case {
        /// A root Application with `status`.
        fn new(status: &Value) -> Self {
            let root = RootSource {
                engine: Engine::ArgoCd,
                namespace: "argocd".to_owned(),
                name: "registry".to_owned(),
                url: URL.to_owned(),
                reference: "main".to_owned(),
                path: "clusters/gc0/ops".to_owned(),
                secret: None,
            };
            let mut case = Self { root, objects: BTreeMap::new(), asked: BTreeMap::new() };
            case.application("registry", status, json!({}));
            case
        }

        fn application(&mut self, name: &str, status: &Value, metadata: Value) {
            let mut object = json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": name, "namespace": "argocd"},
                "spec": {"source": {"repoURL": URL}, "syncPolicy": {"automated": {}}}, "status": status,
            });
            if let (Some(into), Value::Object(more)) = (object["metadata"].as_object_mut(), metadata) {
                into.extend(more);
            }
            self.objects.insert(named("argocd", name), serde_json::from_value(object).unwrap());
        }

        fn set(&mut self, name: &str, status: &Value) {
            let object = json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
                "metadata": {"name": name, "namespace": "argocd"}, "status": status,
            });
            let reference = ObjectRef::namespaced("argoproj.io", APPLICATION_SET, "argocd", name);
            self.objects.insert(reference, serde_json::from_value(object).unwrap());
        }

        fn states(&self) -> Vec<String> {
            let revision = self.root.revision("new");
            let picture = Picture { root: &self.root, revision: &revision, asked: &self.asked, objects: &self.objects };
            let told = |status: ObjectStatus| match status.state {
                State::Ready => format!("{}: ready", status.object.name),
                State::Suspended => format!("{}: suspended", status.object.name),
                State::Waiting { reason, message } => format!("{}: waiting {reason}: {message}", status.object.name),
                State::Failed { reason, message } => format!("{}: failed {reason}: {message}", status.object.name),
            };
            assess(&picture).into_iter().map(told).collect()
        }
    }

    fn status(sync: &str, revision: &str, health: &str) -> Value {
        json!({"sync": {"status": sync, "revision": revision}, "health": {"status": health}, "resources": [
            {"kind": "ConfigMap", "namespace": "x", "name": "one", "status": sync, "health": {"status": health, "message": "why"}},
        ]})
    }

    #[test]
    fn every_way_not_to_be_ready_has_a_message_of_its_own() {
        let cases = [
            (status("Synced", "new", "Healthy"), "ready"),
            (status("Synced", "old", "Healthy"), "waiting Progressing: it is still at old"),
            (json!({}), "waiting Progressing: it has not been compared yet"),
            (status("OutOfSync", "new", "Healthy"), "waiting OutOfSync: it differs from Git: ConfigMap/x/one: why"),
            (status("Synced", "new", "Degraded"), "failed Degraded: what it brought is degraded: ConfigMap/x/one: why"),
            (status("Synced", "new", "Missing"), "waiting Missing: what it brought is gone: ConfigMap/x/one: why"),
            (status("Synced", "new", "Progressing"), "waiting Progressing: not healthy yet: ConfigMap/x/one: why"),
            (status("Unknown", "new", "Healthy"), "waiting Unknown: whether it is in sync is not known yet"),
            (status("Synced", "new", "Unknown"), "waiting Unknown: its health is not known yet"),
            (status("Synced", "new", "Suspended"), "suspended"),
        ];
        for (status, wanted) in cases {
            assert_eq!(Case::new(&status).states(), [format!("registry: {wanted}")]);
        }
    }

    #[test]
    fn what_keeps_argo_cd_from_rendering_is_told_without_its_plumbing() {
        let mut broken = status("Unknown", "new", "Healthy");
        broken["conditions"] = json!([{"type": "ComparisonError",
            "message": "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = open <path to cached source>/a.yaml: no such file"}]);
        assert_eq!(Case::new(&broken).states(), ["registry: failed ComparisonError: open a.yaml: no such file"]);
    }

    #[test]
    fn a_sync_that_failed_says_which_object_did() {
        let mut failed = status("OutOfSync", "new", "Missing");
        failed["operationState"] = json!({"phase": "Failed", "message": "one or more objects failed to apply",
            "syncResult": {"revision": "new", "resources": [{"kind": "Deployment", "name": "web", "status": "SyncFailed", "message": "invalid"}]}});
        let wanted = "registry: failed SyncFailed: one or more objects failed to apply: Deployment/web: invalid";
        assert_eq!(Case::new(&failed).states(), [wanted]);
        failed["operationState"]["syncResult"]["revision"] = json!("old");
        assert!(Case::new(&failed).states()[0].starts_with("registry: waiting OutOfSync"), "it is tried again");
        failed["operationState"]["phase"] = json!("Running");
        failed["operationState"]["retryCount"] = json!(RETRIES);
        assert_eq!(Case::new(&failed).states(), [wanted]);
    }

    #[test]
    fn what_applicationsets_made_belongs_to_the_registry_and_other_applications_do_not() {
        let mut root = status("Synced", "new", "Progressing");
        root["resources"] = json!([
            {"group": "argoproj.io", "kind": "ApplicationSet", "namespace": "argocd", "name": "one"},
            {"group": "argoproj.io", "kind": "ApplicationSet", "namespace": "argocd", "name": "two"},
        ]);
        let mut case = Case::new(&root);
        let owner = json!({"ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "one", "uid": "u"}]});
        case.application("one-gc0", &status("Synced", "new", "Healthy"), owner);
        case.application("stranger", &status("OutOfSync", "new", "Degraded"), json!({}));
        case.set("one", &json!({"conditions": [{"type": "ResourcesUpToDate", "status": "True"}]}));
        assert_eq!(
            case.states(),
            [
                "registry: waiting DependencyNotReady: what it brought is not ready yet",
                "one: ready",
                "two: waiting Missing: it does not exist yet",
                "one-gc0: ready",
            ]
        );
        case.set(
            "two",
            &json!({"conditions": [{"type": "ErrorOccurred", "status": "True", "message": "map has no entry"}]}),
        );
        assert!(case.states().contains(&"two: failed ErrorOccurred: map has no entry".to_owned()));
    }
}
