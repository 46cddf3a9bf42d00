//! The same with real Argo CD, on a platform as `kstack init` writes it.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{ConfigMap, Node, Secret},
    scheduling::v1::PriorityClass,
};
use kstack::{
    sandbox::EngineKind,
    sync::{
        self, Cluster, ClusterAccess, GitCredential, HandoffSettings, Mode, ObjectStatus, Outcome, State, SyncError,
        SyncEvent, SyncReport, WaitSettings,
    },
};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::json;

use super::{
    lab::Lab,
    platform::{Platform, REGISTRY},
    story::LONG,
};

#[tokio::test]
async fn a_cluster_is_handed_over_to_argo_cd_and_follows_its_repository() {
    let story = Story::begin().await;
    story.a_dry_run_writes_nothing().await;
    story.a_bare_cluster_gets_argo_cd_once().await;
    story.lab.start(EngineKind::Argocd).await;
    story.a_wave_waits_for_the_one_before_it_and_time_can_be_over().await;
    story.the_first_hand_over_delivers_everything().await;
    story.a_second_hand_over_writes_nothing().await;
    story.what_was_deleted_by_hand_returns().await;
    story.a_new_commit_is_delivered().await;
    story.a_broken_manifest_is_reported_with_argo_cds_reason().await;
    story.a_registry_that_nobody_syncs_is_suspended().await;
    story.an_applicationset_takes_names_as_they_come_and_misses_no_fact().await;
    story.a_cluster_that_follows_something_else_is_refused().await;
    story.before_a_cluster_is_destroyed_everything_goes().await;
}

struct Story {
    lab: Lab,
    platform: Platform,
    cluster: Cluster,
    events: Mutex<Vec<SyncEvent>>,
}

impl Story {
    async fn begin() -> Self {
        let lab = Lab::up().await;
        let platform = Platform::scaffolded(&["--engine", "argocd"], &lab.url(), lab.remote().to_str().unwrap());
        // Something in the first wave that becomes healthy when the test wants it to.
        platform.write("services/access/ops/gate.yaml", GATE);
        platform.replace("services/access/ops/kustomization.yaml", "  - ../base\n", "  - ../base\n  - gate.yaml\n");
        platform.push("Begin");
        let access = ClusterAccess::Kubeconfig { path: lab.kubeconfig().to_owned(), context: None };
        let cluster = sync::connect(&access).await.unwrap();
        Self { lab, platform, cluster, events: Mutex::default() }
    }

    fn settings(&self) -> HandoffSettings {
        let info = [("cluster_name", "gc0-ops-local"), ("environment", "ops"), ("cluster_provider", "local")];
        HandoffSettings {
            files: self.platform.files(),
            credential: Some(GitCredential::Basic {
                username: self.lab.git().git_user.to_owned(),
                password: self.lab.git().git_token.clone(),
            }),
            cluster_info: Some(info.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            mode: Mode::Apply,
            engine_timeout: LONG,
        }
    }

    async fn sync_within(&self, timeout: Duration) -> SyncReport {
        let settings = self.settings();
        let root = settings.files.root().clone();
        let revision = root.revision(&self.platform.head());
        let mut waiting = WaitSettings::new(root, revision, timeout);
        waiting.grace = Duration::from_millis(500);
        sync::sync(&self.cluster, &settings, &waiting, &self.sink()).await.unwrap().1
    }

    /// Waits until everything is delivered.
    async fn delivered(&self) -> SyncReport {
        let report = self.sync_within(LONG).await;
        assert_eq!(report.outcome, Outcome::Ready, "{report:#?}");
        report
    }

    fn sink(&self) -> impl Fn(SyncEvent) + Send + Sync {
        |event| self.events.lock().unwrap().push(event)
    }

    fn argocd(&self, kind: &str) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind));
        Api::namespaced_with(self.cluster.client().clone(), "argocd", &kind)
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.cluster.client().clone(), "argocd")
    }

    async fn message(&self) -> Option<String> {
        let maps: Api<ConfigMap> = Api::namespaced(self.cluster.client().clone(), "demo");
        let maps = maps.list(&ListParams::default()).await.unwrap();
        let found = maps.into_iter().filter(|map| map.name_any().starts_with("hello-"));
        found.filter_map(|map| map.data?.remove("message")).next_back()
    }

    async fn a_dry_run_writes_nothing(&self) {
        let settings = HandoffSettings { mode: Mode::DryRun, ..self.settings() };
        let planned = sync::handoff(&self.cluster, &settings, &self.sink()).await.unwrap();
        assert!(planned.credential_created && planned.root.created == 2, "{planned:?}");
        assert!(self.secrets().list(&ListParams::default()).await.unwrap().items.is_empty());
    }

    async fn a_bare_cluster_gets_argo_cd_once(&self) {
        let first = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        assert!(first.components.created > 30 && first.components.changed == 0, "{first:?}");
        let ready = |event: &SyncEvent| matches!(event, SyncEvent::EngineReady { controllers: 4 });
        assert!(self.events.lock().unwrap().iter().any(ready));
        let second = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        assert!(!second.is_change(), "{second:?}");
        let repository = self.secrets().get("kstack-repository").await.unwrap();
        assert_eq!(repository.labels()["argocd.argoproj.io/secret-type"], "repository");
        let cluster = self.secrets().get("kstack-cluster").await.unwrap();
        assert_eq!(cluster.annotations()["cluster_name"], "gc0-ops-local");
    }

    async fn a_wave_waits_for_the_one_before_it_and_time_can_be_over(&self) {
        // Until everything else of the first wave is there.
        let started = std::time::Instant::now();
        let report = loop {
            let report = self.sync_within(Duration::from_secs(4)).await;
            assert_eq!(report.outcome, Outcome::TimedOut, "{report:#?}");
            let others = ["scheduling-local-gc0-ops", "tenancy-local-gc0-ops"];
            if others.iter().all(|name| state(&report, name) == Some(&State::Ready)) {
                break report;
            }
            assert!(started.elapsed() < LONG, "{report:#?}");
        };
        assert!(matches!(state(&report, "access-local-gc0-ops"), Some(State::Waiting { .. })), "{report:#?}");
        assert_eq!(self.argocd("ApplicationSet").get_opt("hello").await.unwrap(), None, "the second wave waits");
        assert_eq!(self.message().await, None);
    }

    async fn the_first_hand_over_delivers_everything(&self) {
        let nodes: Api<Node> = Api::all(self.cluster.client().clone());
        let label = json!({"metadata": {"labels": {"gate": "open"}}});
        nodes.patch("kstack-0", &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
        let report = self.delivered().await;
        let mut names: Vec<_> = report.objects.iter().map(|status| status.object.to_string()).collect();
        assert_eq!(names.remove(0), "Application/argocd/registry");
        names.sort();
        assert_eq!(
            names,
            [
                "Application/argocd/access-local-gc0-ops",
                "Application/argocd/argocd",
                "Application/argocd/hello-local-gc0-ops",
                "Application/argocd/scheduling-local-gc0-ops",
                "Application/argocd/tenancy-local-gc0-ops",
                "ApplicationSet/argocd/access",
                "ApplicationSet/argocd/hello",
                "ApplicationSet/argocd/scheduling",
                "ApplicationSet/argocd/tenancy",
            ]
        );
        assert_eq!(self.message().await.as_deref(), Some("Hello from gc0-ops-local"));
        assert!(self.events.lock().unwrap().iter().any(|event| matches!(event, SyncEvent::Released { .. })));
    }

    async fn a_second_hand_over_writes_nothing(&self) {
        let done = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        assert!(!done.is_change(), "{done:?}");
        assert!(done.components.left > 30, "Argo CD owns itself: {done:?}");
    }

    async fn what_was_deleted_by_hand_returns(&self) {
        let classes: Api<PriorityClass> = Api::all(self.cluster.client().clone());
        let before = classes.get("platform").await.unwrap().uid();
        classes.delete("platform", &DeleteParams::default()).await.unwrap();
        let started = std::time::Instant::now();
        while classes.get_opt("platform").await.unwrap().is_none_or(|live| live.uid() == before) {
            assert!(started.elapsed() < LONG, "it does not return");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn a_new_commit_is_delivered(&self) {
        self.platform.replace("apps/hello/base/message.txt", "Hello from", "Greetings from");
        self.platform.push("Greet");
        self.delivered().await;
        assert_eq!(self.message().await.as_deref(), Some("Greetings from gc0-ops-local"));
    }

    async fn a_broken_manifest_is_reported_with_argo_cds_reason(&self) {
        self.platform.write("services/scheduling/base/priority-classes.yaml", "kind: [\n");
        self.platform.push("Break");
        let report = self.sync_within(LONG).await;
        assert_eq!(report.outcome, Outcome::Failed, "{report:#?}");
        let Some(State::Failed { reason, message }) = state(&report, "scheduling-local-gc0-ops") else {
            panic!("{report:#?}")
        };
        assert_eq!(reason, "ComparisonError");
        assert!(message.contains("priority-classes.yaml"), "{message}");
        self.platform.forget();
        self.platform.push_over("Mend");
        self.delivered().await;
    }

    async fn a_registry_that_nobody_syncs_is_suspended(&self) {
        let applications = self.argocd("Application");
        let automated = async |enabled: bool| {
            let patch = json!({"spec": {"syncPolicy": {"automated": {"enabled": enabled}}}});
            applications.patch("registry", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        };
        automated(false).await;
        let project = format!("{REGISTRY}/project.yaml");
        self.platform.replace(&project, "description: The cluster", "description: Our cluster");
        self.platform.push("While suspended");
        let report = self.sync_within(LONG).await;
        assert_eq!(report.outcome, Outcome::Suspended, "{report:#?}");
        assert_eq!(state(&report, "registry"), Some(&State::Suspended));
        automated(true).await;
        self.delivered().await;
    }

    /// ApplicationSets of the platform for three clusters with other names, which the project refuses to fill.
    async fn an_applicationset_takes_names_as_they_come_and_misses_no_fact(&self) {
        let text = std::fs::read_to_string(self.platform.path(&format!("{REGISTRY}/apps.yaml"))).unwrap();
        let text = text
            .replace("kstack.dev/stack: local-gc0", "kstack.dev/stack: fake")
            .replace("name: hello\n", "name: fake\n");
        let set: serde_json::Value = serde_saphyr::from_str(text.split("---\n").nth(1).unwrap()).unwrap();
        let sets = self.argocd("ApplicationSet");
        sets.create(&PostParams::default(), &serde_json::from_value(set).unwrap()).await.unwrap();
        for number in 0..3 {
            let secret: Secret = serde_json::from_value(json!({
                "metadata": {"name": format!("fake-{number}"),
                    "labels": {"argocd.argoproj.io/secret-type": "cluster", "kstack.dev/stack": "fake", "kstack.dev/environment": "ops"},
                    "annotations": {"cluster_name": format!("gc_{number}"), "environment": "ops"}},
                "stringData": {"name": format!("eks_gc_{number}-ops"), "server": format!("https://192.0.2.{number}"), "config": "{}"},
            }))
            .unwrap();
            self.secrets().create(&PostParams::default(), &secret).await.unwrap();
        }
        let made = async || {
            let all = self.argocd("Application").list(&ListParams::default()).await.unwrap();
            let fake = all.items.into_iter().filter(|one| one.name_any().contains("eks-gc-"));
            fake.map(|one| (one.name_any(), one)).collect::<BTreeMap<_, _>>()
        };
        let started = std::time::Instant::now();
        while made().await.len() < 3 {
            assert!(started.elapsed() < LONG, "no Applications are made");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let found = made().await;
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            ["hello-eks-gc-0-ops", "hello-eks-gc-1-ops", "hello-eks-gc-2-ops"]
        );
        let spec = &found["hello-eks-gc-1-ops"].data["spec"];
        assert_eq!(spec["destination"]["server"], "https://192.0.2.1");
        let patch = spec.pointer("/source/kustomize/patches/0/patch").unwrap().as_str().unwrap();
        assert!(patch.contains("cluster_name: \"gc_1\""), "{patch}");

        // A fact that is missing is an error of the set, not an empty text.
        let without = json!({"metadata": {"annotations": {"cluster_name": null}}});
        self.secrets().patch("fake-0", &PatchParams::default(), &Patch::Merge(without)).await.unwrap();
        let failed = async || {
            let set = sets.get("fake").await.unwrap();
            let conditions = set.data.pointer("/status/conditions").cloned().unwrap_or_default();
            conditions.to_string().contains("cluster_name")
        };
        while !failed().await {
            assert!(started.elapsed() < LONG, "the missing fact is not told");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }

        sets.delete("fake", &DeleteParams::orphan()).await.unwrap();
        while sets.get_opt("fake").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for name in found.keys() {
            // Their clusters do not exist, so there is nothing to take away from them.
            let none = json!({"metadata": {"finalizers": null}});
            self.argocd("Application").patch(name, &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
            self.argocd("Application").delete(name, &DeleteParams::default()).await.unwrap();
        }
        for number in 0..3 {
            self.secrets().delete(&format!("fake-{number}"), &DeleteParams::default()).await.unwrap();
        }
    }

    async fn a_cluster_that_follows_something_else_is_refused(&self) {
        let root = format!("{REGISTRY}/root.yaml");
        self.platform.replace(&root, "path: clusters/local-gc0/ops", "path: clusters/local-gc0/apps");
        let error = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "Argo CD in this cluster already follows another path: `clusters/local-gc0/ops`; \
             the registry says `clusters/local-gc0/apps`"
        );
        self.platform.replace(&root, "path: clusters/local-gc0/apps", "path: clusters/local-gc0/ops");

        // An Argo CD of somebody else in another namespace.
        let foreign: StatefulSet = serde_json::from_value(json!({
            "metadata": {"name": "argo", "labels": {"app.kubernetes.io/name": "argocd-application-controller"}},
            "spec": {"serviceName": "argo", "replicas": 0, "selector": {"matchLabels": {"app": "argo"}},
                "template": {"metadata": {"labels": {"app": "argo"}}, "spec": {"containers": [{"name": "argo", "image": "argo"}]}}},
        }))
        .unwrap();
        let sets: Api<StatefulSet> = Api::namespaced(self.cluster.client().clone(), "default");
        sets.create(&PostParams::default(), &foreign).await.unwrap();
        let error = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap_err();
        assert!(matches!(error, SyncError::ForeignEngine { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "Argo CD is in this cluster already, and not from this registry: `StatefulSet/default/argo` is in the namespace `default`"
        );
        sets.delete("argo", &DeleteParams::default()).await.unwrap();
    }

    async fn before_a_cluster_is_destroyed_everything_goes(&self) {
        let root = self.platform.files().root().clone();
        let report = sync::unhand(&self.cluster, &root, LONG, &self.sink()).await.unwrap();
        let order: Vec<_> = report.deleted.iter().map(ToString::to_string).collect();
        let at = |name: &str| order.iter().position(|one| one == name).unwrap_or_else(|| panic!("{name}: {order:?}"));
        let hello = at("Application/argocd/hello-local-gc0-ops");
        assert!(hello < at("Application/argocd/tenancy-local-gc0-ops"), "{order:?}");
        assert!(at("Application/argocd/access-local-gc0-ops") < at("Application/argocd/registry"), "{order:?}");
        assert_eq!(order.last().unwrap(), "AppProject/argocd/local-gc0-ops");
        assert_eq!(self.message().await, None);
        let classes: Api<PriorityClass> = Api::all(self.cluster.client().clone());
        assert_eq!(classes.get_opt("platform").await.unwrap(), None);
        // The engine itself stays: it had to be there to the end, and goes with the cluster.
        let sets: Api<StatefulSet> = Api::namespaced(self.cluster.client().clone(), "argocd");
        assert!(sets.get_opt("argocd-application-controller").await.unwrap().is_some());
        let again = sync::unhand(&self.cluster, &root, LONG, &self.sink()).await.unwrap();
        assert!(again.deleted.is_empty(), "{again:?}");
    }
}

fn state<'a>(report: &'a SyncReport, name: &str) -> Option<&'a State> {
    let mut found =
        report.objects.iter().filter(|ObjectStatus { object, .. }| object.kind == "Application" && object.name == name);
    found.next().map(|status| &status.state)
}

/// A Deployment for a node that the cluster does not have yet.
const GATE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: gate, namespace: default}
spec:
  selector: {matchLabels: {app: gate}}
  template:
    metadata: {labels: {app: gate}}
    spec:
      nodeSelector: {gate: open}
      containers: [{name: gate, image: registry.example.com/gate:1}]
";
