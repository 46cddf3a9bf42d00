//! How far the objects of a registry are in delivering a revision. Pure: a picture of the cluster
//! in, a judgement out.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DynamicObject;

use super::{
    kinds::{GIT_REPOSITORY, HELM_CHART, HELM_RELEASE, KUSTOMIZATION},
    observed::Observed,
};
use crate::sync::{ObjectRef, ObjectStatus, RootSource, State, picture::Picture, state::DEPENDENCY};

/// The state of every object of the registry: sources first, then what delivers from them.
pub(in crate::sync) fn assess(picture: &Picture<'_>) -> Vec<ObjectStatus> {
    let judge = Judge(picture);
    let members = members(picture.root, picture.objects).into_iter();
    let mut all: Vec<_> = members.map(|object| ObjectStatus { state: judge.state(&object), object }).collect();
    all.sort_by_key(|status| rank(&status.object));
    all
}

/// The root source, where it does not have the revision: what follows it hears of a new one by itself.
pub(in crate::sync) fn behind(picture: &Picture<'_>) -> Vec<ObjectRef> {
    if Judge(picture).fetched() { Vec::new() } else { vec![picture.root.repository()] }
}

/// What waits for dependencies that are ready by now; by itself Flux looks every 30 s.
pub(in crate::sync) fn free(picture: &Picture<'_>, statuses: &[ObjectStatus]) -> Vec<ObjectRef> {
    let ready =
        |object: &ObjectRef| statuses.iter().any(|status| status.object == *object && status.state == State::Ready);
    let free = |status: &&ObjectStatus| {
        matches!(&status.state, State::Waiting { reason, .. } if reason == DEPENDENCY)
            && picture.objects.get(&status.object).is_some_and(|live| Observed(live).depends_on().iter().all(ready))
    };
    statuses.iter().filter(free).map(|status| status.object.clone()).collect()
}

/// What a Kustomization has brought.
pub(in crate::sync) fn brought(live: &DynamicObject) -> Vec<ObjectRef> {
    Observed(live).inventory()
}

/// Judges single objects.
struct Judge<'a>(&'a Picture<'a>);

impl<'a> std::ops::Deref for Judge<'a> {
    type Target = Picture<'a>;

    fn deref(&self) -> &Picture<'a> {
        self.0
    }
}

impl Judge<'_> {
    fn state(&self, object: &ObjectRef) -> State {
        let Some(live) = self.objects.get(object).map(Observed) else {
            return State::waiting("Progressing", "it does not exist yet");
        };
        if live.is_deleting() {
            return State::waiting("Terminating", "it is being deleted");
        }
        let delivered = match object.kind.as_str() {
            GIT_REPOSITORY if *object == self.root.repository() => self.fetched(),
            KUSTOMIZATION if self.follows_root(live) => {
                live.text("/status/lastAppliedRevision") == Some(self.revision.as_str()) && is_ready(live)
            }
            HELM_CHART if self.follows_root(live) => self.is_built(live) && is_ready(live),
            HELM_RELEASE => self.has_its_chart(live) && is_ready(live),
            _ => is_ready(live),
        };
        if delivered {
            return State::Ready;
        }
        if live.is_suspended() {
            return State::Suspended;
        }
        if self.asked.get(object).is_some_and(|token| !live.has_answered(token)) {
            return State::waiting("Progressing", asked_again(live));
        }
        self.underway(object, live)
    }

    /// The state of an object that has not delivered yet.
    fn underway(&self, object: &ObjectRef, live: Observed<'_>) -> State {
        if let Some(stalled) = live.condition("Stalled").filter(|condition| condition.status == "True") {
            return State::failed(stalled);
        }
        let Some(ready) = live.condition("Ready") else {
            return State::waiting("Progressing", "it has not been looked at yet");
        };
        let root = *object == self.root.repository();
        if ready.status == "False" {
            // `SourceNotReady` is a HelmRelease's word for a chart that has not been fetched yet.
            let waits = ready.reason == DEPENDENCY || ready.reason == "SourceNotReady";
            if !waits && self.speaks_of_revision(object, live, &ready) {
                return State::failed(ready);
            }
            if waits {
                return State::waiting(&ready.reason, ready.message);
            }
        }
        let at = match object.kind.as_str() {
            GIT_REPOSITORY => "/status/artifact/revision",
            HELM_CHART => "/status/observedSourceArtifactRevision",
            HELM_RELEASE => "/status/lastAttemptedRevision",
            _ => "/status/lastAppliedRevision",
        };
        match live.text(at).filter(|at| *at != self.revision.as_str()) {
            Some(at) if root || ready.status != "Unknown" => {
                State::waiting("Progressing", format!("it is still at {at}"))
            }
            _ => {
                let progress = live.condition("Reconciling").unwrap_or(ready);
                State::waiting("Progressing", progress.message)
            }
        }
    }

    /// Whether a failure is one of delivering this revision, and not left over from an earlier one.
    fn speaks_of_revision(&self, object: &ObjectRef, live: Observed<'_>, ready: &Condition) -> bool {
        if !self.follows_root(live) {
            return true;
        }
        if object.kind == HELM_CHART {
            return self.is_built(live);
        }
        if live.text("/status/lastAttemptedRevision") == Some(self.revision.as_str()) {
            return true;
        }
        // Fetching fails before the attempt is recorded; then only time tells. Both times are the cluster's.
        let fetched = self.objects.get(&self.root.repository()).and_then(|source| Observed(source).artifact_time());
        self.fetched() && fetched.is_some_and(|fetched| ready.last_transition_time.0 >= fetched)
    }

    /// Whether the root source has the revision. Whether its last fetch worked does not matter then.
    fn fetched(&self) -> bool {
        let source = self.objects.get(&self.root.repository()).map(Observed);
        source.and_then(|source| source.text("/status/artifact/revision")) == Some(self.revision.as_str())
    }

    /// Whether a chart was made from the revision.
    fn is_built(&self, chart: Observed<'_>) -> bool {
        chart.text("/status/observedSourceArtifactRevision") == Some(self.revision.as_str())
    }

    /// Whether a release was made from the chart as it is now. A new chart changes no field of the release that
    /// somebody wrote, so its generation says nothing.
    fn has_its_chart(&self, release: Observed<'_>) -> bool {
        let chart = release.chart().and_then(|chart| self.objects.get(&chart)).map(Observed);
        chart.is_none_or(|chart| {
            chart.text("/status/artifact/revision") == release.text("/status/lastAttemptedRevision")
        })
    }

    fn follows_root(&self, live: Observed<'_>) -> bool {
        live.source().as_ref() == Some(&self.root.repository())
    }
}

/// The root, everything that was applied from it through any depth, and what else lives in the engine's namespace.
pub(in crate::sync) fn members(root: &RootSource, objects: &BTreeMap<ObjectRef, DynamicObject>) -> BTreeSet<ObjectRef> {
    let in_namespace = objects.keys().filter(|object| object.namespace.as_ref() == Some(&root.namespace));
    let mut open: Vec<_> = in_namespace.cloned().collect();
    open.extend([root.repository(), root.kustomization()]);
    let mut members = BTreeSet::new();
    while let Some(object) = open.pop() {
        if let Some(live) = objects.get(&object) {
            let brought = Observed(live).applied().into_iter().chain(Observed(live).chart());
            open.extend(brought.filter(|object| !members.contains(object)));
        }
        members.insert(object);
    }
    members
}

/// What an object says that was asked to reconcile at once; its last failure, if any, is not forgotten.
fn asked_again(live: Observed<'_>) -> String {
    match live.condition("Ready").filter(|ready| ready.status == "False") {
        Some(ready) => format!("asked to try again after {}: {}", ready.reason, ready.message.trim()),
        None => "asked to look now".to_owned(),
    }
}

fn is_ready(live: Observed<'_>) -> bool {
    live.is_observed() && live.condition("Ready").is_some_and(|ready| ready.status == "True")
}

/// The kinds in the order in which people look at them.
fn rank(object: &ObjectRef) -> u8 {
    match object.kind.as_str() {
        GIT_REPOSITORY => 0,
        KUSTOMIZATION => 1,
        HELM_CHART => 2,
        HELM_RELEASE => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sync::Engine;

    const NEW: &str = "main@sha1:new";
    const OLD: &str = "main@sha1:old";

    /// A registry whose root source has fetched `artifact`, at 12:00.
    struct Case {
        root: RootSource,
        objects: BTreeMap<ObjectRef, DynamicObject>,
        asked: BTreeMap<ObjectRef, String>,
    }

    impl Case {
        fn new(artifact: &str) -> Self {
            let root = RootSource {
                engine: Engine::Flux,
                namespace: "flux-system".to_owned(),
                name: "flux-system".to_owned(),
                url: "https://example.com/p".to_owned(),
                reference: "main".to_owned(),
                path: "./clusters/gc0/ops".to_owned(),
                secret: None,
            };
            let mut case = Self { root, objects: BTreeMap::new(), asked: BTreeMap::new() };
            case.add(json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                "metadata": {"name": "flux-system", "namespace": "flux-system", "generation": 1},
                "status": {"artifact": {"revision": artifact, "lastUpdateTime": "2026-01-01T12:00:00Z"}},
            }));
            case
        }

        fn add(&mut self, object: Value) -> ObjectRef {
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            let name = ObjectRef::of(&object).unwrap();
            self.objects.insert(name.clone(), object);
            name
        }

        /// Adds a Kustomization of the root source.
        fn kustomization(&mut self, name: &str, status: &Value) -> ObjectRef {
            self.add(json!({
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "metadata": {"name": name, "namespace": "flux-system", "generation": 2},
                "spec": {"sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
                "status": status,
            }))
        }

        fn assess(&self) -> Vec<ObjectStatus> {
            let revision = self.root.revision("new");
            Picture { root: &self.root, revision: &revision, asked: &self.asked, objects: &self.objects }.assess()
        }

        fn state(&self, object: &ObjectRef) -> State {
            self.assess().into_iter().find(|status| status.object == *object).unwrap().state
        }
    }

    fn ready(status: &str, reason: &str, time: &str) -> Value {
        json!({"type": "Ready", "status": status, "reason": reason, "message": "why", "observedGeneration": 2,
            "lastTransitionTime": format!("2026-01-01T{time}Z")})
    }

    fn delivered(inventory: &[&str]) -> Value {
        let entries: Vec<_> = inventory.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
        json!({"observedGeneration": 2, "lastAppliedRevision": NEW, "inventory": {"entries": entries},
            "conditions": [ready("True", "ReconciliationSucceeded", "12:01:00")]})
    }

    fn names(statuses: &[ObjectStatus]) -> Vec<String> {
        statuses.iter().map(|status| status.object.to_string()).collect()
    }

    #[test]
    fn what_the_root_brings_counts_before_it_exists() {
        let mut case = Case::new(NEW);
        case.kustomization(
            "flux-system",
            &delivered(&["apps_web_helm.toolkit.fluxcd.io_HelmRelease", "_apps__Namespace"]),
        );
        let statuses = case.assess();
        assert_eq!(
            names(&statuses),
            ["GitRepository/flux-system/flux-system", "Kustomization/flux-system/flux-system", "HelmRelease/apps/web"]
        );
        assert_eq!(statuses[1].state, State::Ready);
        assert_eq!(statuses[2].state, State::waiting("Progressing", "it does not exist yet"));
    }

    #[test]
    fn a_kustomization_is_ready_only_with_the_revision_and_its_present_generation() {
        let mut case = Case::new(NEW);
        let mut status = delivered(&[]);
        let root = case.kustomization("flux-system", &status);
        assert_eq!(case.state(&root), State::Ready);
        status["lastAppliedRevision"] = json!(OLD);
        case.kustomization("flux-system", &status);
        assert_eq!(case.state(&root), State::waiting("Progressing", "it is still at main@sha1:old"));
        let mut status = delivered(&[]);
        status["observedGeneration"] = json!(1);
        case.kustomization("flux-system", &status);
        assert!(matches!(case.state(&root), State::Waiting { .. }));
    }

    #[test]
    fn a_failure_counts_if_it_is_one_of_this_revision() {
        let mut case = Case::new(NEW);
        let failed = |reason, attempted, time| json!({"lastAppliedRevision": OLD, "lastAttemptedRevision": attempted, "conditions": [ready("False", reason, time)]});
        let mut state = |status| {
            let root = case.kustomization("flux-system", &status);
            case.state(&root)
        };
        let failure = |reason: &str| State::Failed { reason: reason.to_owned(), message: "why".to_owned() };
        assert_eq!(state(failed("BuildFailed", NEW, "11:00:00")), failure("BuildFailed"));
        // The path is missing: that fails before the attempt is recorded.
        assert_eq!(state(failed("ArtifactFailed", OLD, "12:00:00")), failure("ArtifactFailed"));
        // Left over from before the source had the revision.
        assert!(matches!(state(failed("BuildFailed", OLD, "11:59:59")), State::Waiting { .. }));
        assert_eq!(state(failed(DEPENDENCY, OLD, "12:01:00")), State::waiting(DEPENDENCY, "why"));
    }

    #[test]
    fn nothing_has_failed_while_the_source_is_elsewhere() {
        let mut case = Case::new(OLD);
        let root = case.kustomization(
            "flux-system",
            &json!({"lastAppliedRevision": OLD, "lastAttemptedRevision": OLD,
                "conditions": [ready("False", "HealthCheckFailed", "12:01:00")]}),
        );
        assert_eq!(case.state(&root), State::waiting("Progressing", "it is still at main@sha1:old"));
        assert_eq!(case.state(&case.root.repository()), State::waiting("Progressing", "it has not been looked at yet"),);
    }

    #[test]
    fn a_stalled_object_has_failed() {
        let mut case = Case::new(NEW);
        let mut stalled = ready("True", "InvalidCELExpression", "11:00:00");
        stalled["type"] = json!("Stalled");
        let root = case.kustomization("flux-system", &json!({"conditions": [stalled]}));
        assert!(matches!(case.state(&root), State::Failed { .. }));
    }

    #[test]
    fn a_suspended_object_is_ready_if_it_had_delivered() {
        let mut case = Case::new(NEW);
        let root = case.kustomization("flux-system", &delivered(&[]));
        case.objects.get_mut(&root).unwrap().data["spec"]["suspend"] = json!(true);
        assert_eq!(case.state(&root), State::Ready);
        case.objects.get_mut(&root).unwrap().data["status"]["lastAppliedRevision"] = json!(OLD);
        assert_eq!(case.state(&root), State::Suspended);
    }

    #[test]
    fn what_was_asked_to_try_again_has_not_failed_until_it_answers() {
        let mut case = Case::new(NEW);
        let failed = json!({"lastAttemptedRevision": NEW, "conditions": [ready("False", "BuildFailed", "12:01:00")]});
        let root = case.kustomization("flux-system", &failed);
        case.asked.insert(root.clone(), "token".to_owned());
        assert_eq!(case.state(&root), State::waiting("Progressing", "asked to try again after BuildFailed: why"));
        case.objects.get_mut(&root).unwrap().data["status"]["lastHandledReconcileAt"] = json!("token");
        assert!(matches!(case.state(&root), State::Failed { .. }));
    }

    #[test]
    fn a_release_waits_for_its_chart_to_be_made_from_the_revision() {
        let mut case = Case::new(NEW);
        let status = |observed: &str| {
            json!({"observedGeneration": 2, "observedSourceArtifactRevision": observed,
                "artifact": {"revision": "0.1.0+new"}, "conditions": [ready("True", "ChartPullSucceeded", "12:01:00")]})
        };
        let add = |case: &mut Case, kind: &str, group: &str, status: Value| {
            case.add(json!({
                "apiVersion": group, "kind": kind,
                "metadata": {"name": "web", "namespace": "flux-system", "generation": 2},
                "spec": {"sourceRef": {"kind": "GitRepository", "name": "flux-system"}}, "status": status,
            }))
        };
        let chart = add(&mut case, HELM_CHART, "source.toolkit.fluxcd.io/v1", status(OLD));
        let mut released = json!({"observedGeneration": 2, "helmChart": "flux-system/web", "lastAttemptedRevision": "0.1.0+old",
            "conditions": [ready("True", "UpgradeSucceeded", "12:01:00")]});
        let release = add(&mut case, HELM_RELEASE, "helm.toolkit.fluxcd.io/v2", released.clone());
        assert_eq!(case.state(&chart), State::waiting("Progressing", "it is still at main@sha1:old"));
        assert_eq!(case.state(&release), State::waiting("Progressing", "it is still at 0.1.0+old"));
        add(&mut case, HELM_CHART, "source.toolkit.fluxcd.io/v1", status(NEW));
        released["lastAttemptedRevision"] = json!("0.1.0+new");
        add(&mut case, HELM_RELEASE, "helm.toolkit.fluxcd.io/v2", released);
        assert_eq!((case.state(&chart), case.state(&release)), (State::Ready, State::Ready));
    }

    #[test]
    fn another_source_is_followed_by_readiness_alone() {
        let mut case = Case::new(NEW);
        let object = case.kustomization("team", &delivered(&[]));
        let live = case.objects.get_mut(&object).unwrap();
        live.data["spec"]["sourceRef"]["name"] = json!("team");
        live.data["status"]["lastAppliedRevision"] = json!("main@sha1:team");
        assert_eq!(case.state(&object), State::Ready);
    }
}
