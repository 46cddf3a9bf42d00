//! A cluster that is handed over, its platform, and what can be asked about both.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::ConfigMap;
use kstack::sync::{
    self, Cluster, ClusterAccess, GitCredential, Handoff, HandoffSettings, Mode, SyncError, SyncEvent, SyncReport,
    WaitSettings,
};
use kube::{
    Api, ResourceExt as _,
    api::ListParams,
    core::{DynamicObject, GroupVersionKind},
    discovery::Discovery,
};

use super::{lab::Lab, platform::Platform};

/// Longer than anything here takes, also on a busy machine.
pub const LONG: Duration = Duration::from_secs(120);

/// The kinds of what a hand-over writes.
const WRITTEN: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Deployment",
    "GitRepository",
    "HelmRelease",
    "Kustomization",
    "Namespace",
    "NetworkPolicy",
    "Secret",
    "Service",
    "ServiceAccount",
];

pub struct Story {
    pub lab: Lab,
    pub manifests: String,
    pub platform: Platform,
    pub cluster: Cluster,
    pub events: Mutex<Vec<SyncEvent>>,
}

impl Story {
    /// A bare cluster, and a platform that knows nothing of it yet but its Git server.
    pub async fn begin() -> Self {
        let lab = Lab::up().await;
        let manifests = lab.manifests().await;
        let platform = Platform::new(&manifests, &lab.url(), lab.remote().to_str().unwrap());
        let access = ClusterAccess::Kubeconfig { path: lab.kubeconfig().to_owned(), context: None };
        let cluster = sync::connect(&access).await.unwrap();
        Self { lab, manifests, platform, cluster, events: Mutex::new(Vec::new()) }
    }

    pub fn settings(&self) -> HandoffSettings {
        HandoffSettings {
            files: self.platform.files(),
            credential: Some(GitCredential::Basic {
                username: self.lab.git().git_user.to_owned(),
                password: self.lab.git().git_token.clone(),
            }),
            cluster_info: Some([("cluster_name".to_owned(), "gc0-ops-local".to_owned())].into()),
            mode: Mode::Apply,
            engine_timeout: LONG,
        }
    }

    pub async fn sync(&self, commit: &str) -> (Handoff, SyncReport) {
        self.sync_with(&self.settings(), commit, LONG).await.unwrap()
    }

    pub async fn sync_with(
        &self,
        settings: &HandoffSettings,
        commit: &str,
        timeout: Duration,
    ) -> Result<(Handoff, SyncReport), SyncError> {
        self.events.lock().unwrap().clear();
        let root = settings.files.root().clone();
        let revision = root.revision(commit);
        let mut waiting = WaitSettings::new(root, revision, timeout);
        waiting.grace = Duration::from_millis(500);
        sync::sync(&self.cluster, settings, &waiting, &self.sink()).await
    }

    pub fn sink(&self) -> impl Fn(SyncEvent) + Send + Sync {
        |event| self.events.lock().unwrap().push(event)
    }

    pub fn seen(&self, wanted: impl Fn(&SyncEvent) -> bool) -> bool {
        self.events.lock().unwrap().iter().any(wanted)
    }

    pub fn head(&self) -> String {
        self.platform.head()
    }

    pub fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.cluster.client().clone(), "default")
    }

    pub async fn data(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.config_maps().get_opt(name).await.unwrap()?.data
    }

    /// Waits until the ConfigMap `name` has `value` at `key`.
    pub async fn comes_to(&self, name: &str, key: &str, value: &str) {
        let started = Instant::now();
        while self.data(name).await.and_then(|data| data.get(key).cloned()).as_deref() != Some(value) {
            assert!(started.elapsed() < LONG, "`{name}` does not get {key} = {value}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn flux(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let version = if group == "helm" { "v2" } else { "v1" };
        let kind = GroupVersionKind::gvk(&format!("{group}.toolkit.fluxcd.io"), version, kind);
        Api::namespaced_with(self.cluster.client().clone(), "flux-system", &kube::core::ApiResource::from_gvk(&kind))
    }

    /// The resource versions of all that a hand-over writes.
    pub async fn versions(&self) -> BTreeMap<String, String> {
        let discovery = Discovery::new(self.cluster.client().clone()).run_aggregated().await.unwrap();
        let mut versions = BTreeMap::new();
        for (resource, _) in discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources) {
            if !WRITTEN.contains(&resource.kind.as_str()) {
                continue;
            }
            let api: Api<DynamicObject> = Api::all_with(self.cluster.client().clone(), &resource);
            for object in api.list(&ListParams::default()).await.unwrap() {
                let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
                let flux = object.labels().get("app.kubernetes.io/part-of").is_some_and(|whole| whole == "flux");
                let ours = namespace == "flux-system" && !["kube-root-ca.crt", "default"].contains(&name.as_str());
                if flux || ours {
                    // Controllers write the status of these whenever they look; what somebody wants counts.
                    let moves =
                        ["apps", "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"];
                    let version = if moves.contains(&resource.group.as_str()) {
                        format!("{:?} {:?}", object.metadata.generation, object.annotations())
                    } else {
                        object.resource_version().unwrap()
                    };
                    versions.insert(format!("{}/{namespace}/{name}", resource.kind), version);
                }
            }
        }
        versions
    }

    /// Runs the program; its exit code and what it printed on standard error.
    pub fn kstack(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_kstack"))
            .current_dir(self.platform.folder())
            .env_clear()
            .env("HOME", self.platform.folder())
            .arg("sync")
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    pub fn kubeconfig(&self) -> &str {
        self.lab.kubeconfig().to_str().unwrap()
    }
}
