//! What a sandbox puts into its own cluster: the node, and what the engine's controllers need in order to start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::{
    api::core::v1::{Node, ServiceAccount},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
    runtime::{conditions, wait::await_condition},
};
use tokio::time::timeout;

use super::{error::SandboxError, launch::NODE_ANNOTATION, probe::install_tls_provider};

/// The one name under which kstack applies objects, also in the hand-over: what is applied here is taken over there.
const FIELD_MANAGER: &str = "kstack";
/// The kinds of the install manifests that a controller needs before it starts. The rest (its own Deployment, Service and
/// network policies) is for the hand-over to apply.
const PREPARED_KINDS: [&str; 5] =
    ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"];
/// What Argo CD's processes need besides, all in its namespace: its settings, and roles for them.
const PREPARED_NAMESPACED: [&str; 5] = ["ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret"];
/// Objects applied at the same time.
const PARALLEL: usize = 8;
/// Longest wait for the cluster to act on something.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name of the node.
const NODE: &str = "kstack-0";

/// A connection to a sandbox's API server.
#[derive(Clone)]
pub(super) struct Cluster {
    client: Client,
}

impl Cluster {
    /// Reads the kubeconfig; nothing is sent yet.
    pub(super) async fn connect(kubeconfig: &Path) -> Result<Self, SandboxError> {
        install_tls_provider();
        let action = || format!("use the kubeconfig `{}`", kubeconfig.display());
        let parsed = Kubeconfig::read_from(kubeconfig).map_err(|error| refused(action(), error))?;
        let mut config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default())
            .await
            .map_err(|error| refused(action(), error))?;
        // kube would send even loopback through `HTTPS_PROXY`; programs written in Go never do.
        config.proxy_url = None;
        let client = Client::try_from(config).map_err(|error| refused(action(), error))?;
        Ok(Self { client })
    }

    /// The version of the API server, such as `v1.34.2`.
    pub(super) async fn version(&self) -> Result<String, SandboxError> {
        let version = self.client.apiserver_version().await;
        Ok(version.map_err(|error| refused("read the version of the API server".to_owned(), error))?.git_version)
    }

    /// Creates the node that kwok plays, unless it is there, and waits until it is ready.
    pub(super) async fn ensure_node(&self) -> Result<(), SandboxError> {
        let nodes = Api::<Node>::all(self.client.clone());
        match nodes.create(&PostParams::default(), &node()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_already_exists() => {}
            Err(error) => return Err(refused(format!("create the node `{NODE}`"), error)),
        }
        let ready = |node: Option<&Node>| {
            let conditions = node.and_then(|node| node.status.as_ref()?.conditions.as_ref());
            conditions.is_some_and(|list| list.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
        };
        wait(await_condition(nodes, NODE, ready), "the node was not ready").await
    }

    /// Waits for the controller manager to have made the service account that pods of the default namespace need.
    pub(super) async fn wait_for_service_account(&self) -> Result<(), SandboxError> {
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), "default");
        let exists = |account: Option<&ServiceAccount>| account.is_some();
        wait(await_condition(accounts, "default", exists), "there was no default service account").await
    }

    /// Applies those of an engine's install manifests that its controllers need, and waits until their kinds are served.
    /// `namespace` is where objects go that the manifests put nowhere.
    pub(super) async fn prepare(
        &self,
        manifests: &Path,
        text: &str,
        namespace: Option<&str>,
    ) -> Result<(), SandboxError> {
        let mut objects = parse(manifests, text)?;
        if let Some(namespace) = namespace {
            place(&mut objects, namespace);
        }
        let kind = |object: &DynamicObject| object.types.as_ref().map_or("", |types| types.kind.as_str()).to_owned();
        let (namespaces, others): (Vec<_>, Vec<_>) = objects
            .into_iter()
            .filter(|object| {
                let kind = kind(object);
                PREPARED_KINDS.contains(&kind.as_str())
                    || namespace.is_some() && PREPARED_NAMESPACED.contains(&kind.as_str())
            })
            .partition(|object| kind(object) == "Namespace");
        let definitions: Vec<String> = others
            .iter()
            .filter(|object| kind(object) == "CustomResourceDefinition")
            .filter_map(|object| object.metadata.name.clone())
            .collect();
        for objects in [namespaces, others] {
            futures::stream::iter(objects.iter().map(|object| self.apply(object)))
                .buffer_unordered(PARALLEL)
                .try_collect::<()>()
                .await?;
        }
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        futures::stream::iter(definitions.iter().map(|name| {
            let established = await_condition(api.clone(), name, conditions::is_crd_established());
            async move { wait(established, &format!("`{name}` was not established")).await }
        }))
        .buffer_unordered(PARALLEL)
        .try_collect::<()>()
        .await
    }

    async fn apply(&self, object: &DynamicObject) -> Result<(), SandboxError> {
        let types = object.types.clone().unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let action = || format!("apply {} `{name}`", types.kind);
        let kind = GroupVersionKind::try_from(&types).map_err(|error| refused(action(), error))?;
        let resource = ApiResource::from_gvk(&kind);
        let api: Api<DynamicObject> = match object.metadata.namespace.as_deref() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&name, &parameters, &Patch::Apply(object)).await.map_err(|error| refused(action(), error))?;
        Ok(())
    }
}

/// Puts the prepared objects that belong into a namespace into `namespace`, which comes with them.
fn place(objects: &mut Vec<DynamicObject>, namespace: &str) {
    for object in objects.iter_mut() {
        let kind = object.types.as_ref().map_or("", |types| types.kind.as_str());
        if PREPARED_NAMESPACED.contains(&kind) {
            object.metadata.namespace.get_or_insert_with(|| namespace.to_owned());
        }
    }
    objects.push(DynamicObject::new(namespace, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"))));
}

fn refused(action: String, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SandboxError {
    SandboxError::Kubernetes { action, source: source.into() }
}

async fn wait<T>(
    condition: impl Future<Output = Result<T, kube::runtime::wait::Error>>,
    failure: &str,
) -> Result<(), SandboxError> {
    match timeout(PATIENCE, condition).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(refused("watch the cluster".to_owned(), error)),
        Err(_) => Err(SandboxError::Slow { what: failure.to_owned(), seconds: PATIENCE.as_secs() }),
    }
}

/// The objects of a file of manifests.
fn parse(path: &Path, text: &str) -> Result<Vec<DynamicObject>, SandboxError> {
    let broken = |reason: String| SandboxError::Manifests { path: PathBuf::from(path), reason };
    let documents: Vec<Option<serde_json::Value>> =
        serde_saphyr::from_multiple(text).map_err(|error| broken(error.to_string()))?;
    documents
        .into_iter()
        .flatten()
        .map(|document| serde_json::from_value(document).map_err(|error| broken(error.to_string())))
        .collect()
}

/// A node of ample size; kwok adds its addresses, conditions and lease.
fn node() -> Node {
    let quantity = |text: &str| k8s_openapi::apimachinery::pkg::api::resource::Quantity(text.to_owned());
    let resources = std::collections::BTreeMap::from([
        ("cpu".to_owned(), quantity("32")),
        ("memory".to_owned(), quantity("64Gi")),
        ("pods".to_owned(), quantity("250")),
    ]);
    let mut node = Node::default();
    node.metadata.name = Some(NODE.to_owned());
    node.metadata.annotations =
        Some(std::iter::once((NODE_ANNOTATION.0.to_owned(), NODE_ANNOTATION.1.to_owned())).collect());
    node.metadata.labels = Some(
        [("kubernetes.io/hostname", NODE), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", ARCHITECTURE)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    );
    node.status = Some(k8s_openapi::api::core::v1::NodeStatus {
        allocatable: Some(resources.clone()),
        capacity: Some(resources),
        ..Default::default()
    });
    node
}

/// This machine's architecture as Kubernetes names it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_read_document_by_document() {
        let text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: b\n  namespace: a\n";
        let objects = parse(Path::new("install.yaml"), text).unwrap();
        let names: Vec<&str> = objects.iter().map(|object| object.metadata.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
        let error = parse(Path::new("install.yaml"), "a: [").unwrap_err();
        assert!(error.to_string().starts_with("cannot read the manifests `install.yaml`"), "{error}");
    }
}
