//! What a test sees of the cluster that `kstack` made.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kstack::sync::{self, ClusterAccess};
use kube::{
    Api, Client, ResourceExt as _,
    api::ListParams,
    core::{DynamicObject, GroupVersionKind},
    discovery::{self, Discovery, Scope, verbs},
};

use super::platform::Platform;

/// Longer than anything here takes, also on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// Longer than the controllers of a sandbox let an object wait for others before they look again (2 s).
const TIMERS: Duration = Duration::from_secs(4);

/// The cluster as its administrator sees it.
pub struct Cluster {
    pub client: Client,
    pub endpoint: String,
}

impl Cluster {
    pub async fn of(platform: &Platform) -> Self {
        let access = ClusterAccess::Kubeconfig { path: platform.sandbox().kubeconfig(), context: None };
        let cluster = sync::connect(&access).await.unwrap();
        Self { client: cluster.client().clone(), endpoint: cluster.endpoint().to_owned() }
    }

    pub fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), "demo")
    }

    pub async fn hello(&self) -> Deployment {
        self.deployments().get("hello").await.unwrap()
    }

    /// What the Deployment's pods are given to say: the ConfigMap's name is new for each message.
    pub async fn message(&self) -> String {
        let hello = serde_json::to_value(self.hello().await).unwrap();
        let name = hello.pointer("/spec/template/spec/containers/0/env/0/valueFrom/configMapKeyRef/name").unwrap();
        let config_maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), "demo");
        let mut data = config_maps.get(name.as_str().unwrap()).await.unwrap().data.unwrap();
        data.remove("message").unwrap()
    }

    pub async fn has_the_hello_of_the_first_commit(&self) {
        let hello = self.hello().await;
        assert!(is_complete(&hello), "{:?}", hello.status);
        // The name is filled in by Flux, from what the hand-over knows of the cluster.
        assert_eq!(self.message().await, "Hello from gc0-ops-local\n");
    }

    pub async fn kustomizations(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
        let (resource, _) = discovery::pinned_kind(&self.client, &kind).await.unwrap();
        Api::namespaced_with(self.client.clone(), "flux-system", &resource)
    }

    /// Waits until Flux has nothing left to do. An object that waited for others is looked at again when its own
    /// timer rings, also if it has delivered in the meantime; and while Flux checks the health of what it applied,
    /// an object that is deleted by hand is missed for as long as the check may last, instead of brought back.
    pub async fn comes_to_rest(&self) {
        let kustomizations = self.kustomizations().await;
        let (clock, mut resting) = (Instant::now(), Instant::now());
        while resting.elapsed() < TIMERS {
            assert!(clock.elapsed() < LONG, "Flux does not come to rest");
            tokio::time::sleep(Duration::from_millis(100)).await;
            if kustomizations.list(&ListParams::default()).await.unwrap().iter().any(is_busy) {
                resting = Instant::now();
            }
        }
    }

    /// The resource version of every object in `namespace` and of every definition, role and the like. What moves
    /// by itself is left out: leases are renewed, and events and pods come and go.
    pub async fn versions(&self, namespace: &str) -> BTreeMap<String, String> {
        let discovery = Discovery::new(self.client.clone()).run_aggregated().await.unwrap();
        let mut versions = BTreeMap::new();
        for (resource, capabilities) in discovery.groups().flat_map(discovery::ApiGroup::recommended_resources) {
            let moves = ["Lease", "Node", "Event", "Pod", "ComponentStatus"].contains(&resource.kind.as_str());
            if moves || !capabilities.supports_operation(verbs::LIST) {
                continue;
            }
            let api: Api<DynamicObject> = match capabilities.scope {
                Scope::Namespaced => Api::namespaced_with(self.client.clone(), namespace, &resource),
                Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            };
            for object in api.list(&ListParams::default()).await.unwrap() {
                let name = format!("{}/{}", resource.kind, object.name_any());
                versions.insert(name, object.resource_version().unwrap());
            }
        }
        versions
    }
}

/// Whether Flux works on the object, or was asked to and has not begun.
fn is_busy(kustomization: &DynamicObject) -> bool {
    let asked = kustomization.annotations().get("reconcile.fluxcd.io/requestedAt").map(String::as_str);
    let status = &kustomization.data["status"];
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Reconciling" && condition["status"] == "True")
        || asked.is_some_and(|asked| status["lastHandledReconcileAt"] != asked)
}

/// Whether all replicas of the Deployment as it is now are ready.
pub fn is_complete(live: &Deployment) -> bool {
    let Some(status) = &live.status else { return false };
    let wanted = live.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == live.metadata.generation && status.ready_replicas == wanted
}

/// Waits until `is_so`.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let clock = Instant::now();
    while !is_so().await {
        assert!(clock.elapsed() < LONG, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
