//! The hand-over, step by step. Every step looks first and writes only what differs, so that doing it
//! again changes nothing, and an interrupted one is finished by the next.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::{
    apps::v1::Deployment,
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
};
use kube::{Api, api::PostParams, core::DynamicObject, runtime::wait::await_condition};
use serde_json::json;

use super::{
    Cluster, EngineFiles, GitCredential, ObjectRef, Outcome, RootSource, SyncError, SyncReport, Tally, WaitSettings,
    apply::{Applier, Owner},
    credential, engine,
    event::{Sink, SyncEvent},
    kinds::FluxKinds,
    manifest::Desired,
    observed::Observed,
    release::release,
    wait,
};

/// The ConfigMap with what manifests may want to know about their cluster.
const CLUSTER_INFO: &str = "kstack-cluster-info";

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Write.
    Apply,
    /// Ask the API server what it would say, and write nothing.
    DryRun,
}

/// What to hand over to the engine.
#[derive(Debug, Clone)]
pub struct HandoffSettings {
    /// What the registry says that Flux starts from.
    pub files: EngineFiles,
    /// How Flux reads the repository; `None`: the repository is public, or the Secret is there already.
    pub credential: Option<GitCredential>,
    /// Variables for Flux's `postBuild.substituteFrom`; `None`: leave those that are there.
    pub cluster_info: Option<BTreeMap<String, String>>,
    /// Whether to write.
    pub mode: Mode,
    /// How long the engine's controllers get to become available.
    pub engine_timeout: Duration,
}

/// What a hand-over did, or, in a dry run, would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Handoff {
    /// The engine's own manifests.
    pub components: Tally,
    /// Whether the Secret with the Git credential was created.
    pub credential_created: bool,
    /// The ConfigMap `kstack-cluster-info`.
    pub cluster_info: Tally,
    /// Source and root object.
    pub root: Tally,
}

impl Handoff {
    /// Whether anything was written, or would be.
    pub fn is_change(self) -> bool {
        self.credential_created || [self.components, self.cluster_info, self.root].into_iter().any(Tally::is_change)
    }
}

/// Hands a cluster over, and waits until the engine has delivered the revision of `waiting`.
///
/// # Errors
/// As [`handoff`] and [`wait`]. That the engine cannot deliver is no error but an [`Outcome`].
pub async fn sync(
    cluster: &Cluster,
    settings: &HandoffSettings,
    waiting: &WaitSettings,
    sink: Sink<'_>,
) -> Result<(Handoff, SyncReport), SyncError> {
    let done = handoff(cluster, settings, sink).await?;
    let report = wait(cluster, waiting, sink).await?;
    if report.outcome == Outcome::Ready {
        release(&Applier::new(cluster, false, sink).await?, &settings.files, sink).await?;
    }
    Ok((done, report))
}

/// Installs the engine and points it at the registry. Does not wait for what it delivers.
///
/// # Errors
/// Before anything is written: when the cluster's Flux follows something else, when kstack may not
/// administer the cluster, when the source needs a credential that is neither there nor given, or when a
/// variable has an impossible name. Later: when the API
/// server refuses an object, or the engine does not start.
pub async fn handoff(cluster: &Cluster, settings: &HandoffSettings, sink: Sink<'_>) -> Result<Handoff, SyncError> {
    let root = settings.files.root();
    let dry_run = settings.mode == Mode::DryRun;
    sink(SyncEvent::Connected { endpoint: cluster.endpoint().to_owned(), version: cluster.version().to_owned() });
    let cluster_info = settings.cluster_info.as_ref().map(|info| cluster_info(&root.namespace, info)).transpose()?;
    if !delivers(cluster, root).await? {
        require_admin(cluster).await?;
    }
    let credential = credential::look(cluster, root, settings.credential.as_ref()).await?;

    let mut applier = Applier::new(cluster, dry_run, sink).await?;
    let components = applier.apply(&settings.files.components, Owner::Engine).await?;
    sink(SyncEvent::Applied(components));
    if !dry_run {
        let controllers = settings.files.components.iter().filter(|desired| desired.is_deployment());
        let controllers = available(cluster, controllers, settings.engine_timeout).await?;
        sink(SyncEvent::EngineReady { controllers });
    }

    let credential_created = credential.take(cluster, dry_run, sink).await?;
    let cluster_info = match cluster_info {
        Some(desired) => {
            let tally = applier.apply(&[desired], Owner::Kstack).await?;
            sink(SyncEvent::ClusterInfo(tally));
            tally
        }
        None => Tally::default(),
    };
    let roots = [settings.files.repository.clone(), settings.files.kustomization.clone()];
    let root = applier.apply(&roots, Owner::Engine).await?;
    sink(SyncEvent::Root(root));
    Ok(Handoff { components, credential_created, cluster_info, root })
}

/// Whether the cluster's Flux already delivers this registry.
///
/// A Flux that follows something else is an error: to apply other root objects would prune everything that
/// the old ones brought.
async fn delivers(cluster: &Cluster, root: &RootSource) -> Result<bool, SyncError> {
    let kinds = FluxKinds::discover(cluster).await?;
    let read = async |object: &ObjectRef| match kinds.api(&cluster.client, object) {
        Some(api) => api.get_opt(&object.name).await.map_err(cluster.failed(format!("read `{object}`"))),
        None => Ok(None),
    };
    let same = |what, object: ObjectRef, live: Option<String>, wanted: &str| match live {
        Some(live) if live != wanted => {
            Err(SyncError::FollowsOther { what, object: Box::new(object), live, wanted: wanted.to_owned() })
        }
        _ => Ok(()),
    };
    let text = |live: &DynamicObject, pointer| Observed(live).text(pointer).map(ToOwned::to_owned);
    if let Some(live) = read(&root.repository()).await? {
        same("repository", root.repository(), text(&live, "/spec/url"), &root.url)?;
        same("Git reference", root.repository(), engine::reference(&live.data), &root.reference)?;
    }
    let Some(live) = read(&root.kustomization()).await? else { return Ok(false) };
    let path = text(&live, "/spec/path").filter(|path| normal(path) != normal(&root.path));
    same("path", root.kustomization(), path, &root.path)?;
    Ok(Observed(&live).text("/status/lastAppliedRevision").is_some())
}

/// A path of a Kustomization without what makes no difference.
fn normal(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// To install Flux is to grant it everything, which only somebody who may do everything can.
async fn require_admin(cluster: &Cluster) -> Result<(), SyncError> {
    let everything = || Some("*".to_owned());
    let attributes = ResourceAttributes {
        group: everything(),
        resource: everything(),
        verb: everything(),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
        ..SelfSubjectAccessReview::default()
    };
    let action = "administer it, as installing the engine needs";
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let review = reviews.create(&PostParams::default(), &review).await.map_err(cluster.failed(action))?;
    if review.status.is_some_and(|status| status.allowed) {
        return Ok(());
    }
    let (endpoint, action) = (cluster.endpoint().to_owned(), action.to_owned());
    let reason = "the credential's user may not do everything".to_owned();
    Err(SyncError::Forbidden { endpoint, action, reason })
}

/// Waits until `deployments` are available, and counts them.
async fn available<'a>(
    cluster: &Cluster,
    deployments: impl Iterator<Item = &'a Desired>,
    within: Duration,
) -> Result<usize, SyncError> {
    let deadline = tokio::time::Instant::now() + within;
    let mut count = 0;
    for desired in deployments {
        count += 1;
        let (object, name) = (&desired.object, &desired.object.name);
        let api: Api<Deployment> =
            Api::namespaced(cluster.client.clone(), object.namespace.as_deref().unwrap_or("default"));
        let condition = await_condition(api.clone(), name, |live: Option<&Deployment>| live.is_some_and(is_available));
        let reason = match tokio::time::timeout_at(deadline, condition).await {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                let live = api.get_opt(name).await.map_err(cluster.failed(format!("read `{object}`")))?;
                live.as_ref().map_or_else(|| "it does not exist".to_owned(), unavailable)
            }
        };
        return Err(SyncError::NotInTime { object: Box::new(object.clone()), wanted: "available", within, reason });
    }
    Ok(count)
}

fn is_available(live: &Deployment) -> bool {
    let Some(status) = &live.status else { return false };
    status.observed_generation == live.metadata.generation
        && status
            .conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Available" && condition.status == "True")
}

/// Why a Deployment is not available, in its own words.
fn unavailable(live: &Deployment) -> String {
    let conditions = live.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let messages: Vec<_> = conditions
        .filter(|condition| condition.status != "True")
        .filter_map(|condition| condition.message.clone())
        .collect();
    if messages.is_empty() { "no controller has looked at it".to_owned() } else { messages.join("; ") }
}

/// The ConfigMap for Flux's `postBuild.substituteFrom`.
fn cluster_info(namespace: &str, info: &BTreeMap<String, String>) -> Result<Desired, SyncError> {
    for key in info.keys() {
        // Flux's rule for names of variables (`varsubRegex` in fluxcd/pkg/kustomize); one that breaks
        // it makes every Kustomization fail that reads the map.
        let valid = key.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !valid {
            let reason = "names of variables are letters, digits and `_`, and do not begin with a digit";
            return Err(SyncError::ClusterInfo { key: key.clone(), reason });
        }
    }
    let body = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CLUSTER_INFO,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "kstack",
                // Kustomizations that read the map are reconciled as soon as it changes.
                "reconcile.fluxcd.io/watch": "Enabled",
            },
        },
        "data": info,
    });
    let object = ObjectRef::namespaced("", "ConfigMap", namespace, CLUSTER_INFO);
    Ok(Desired { object, kind: kube::core::GroupVersionKind::gvk("", "v1", "ConfigMap"), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_flux_would_refuse_are_refused() {
        let info = |key: &str| cluster_info("flux-system", &[(key.to_owned(), "x".to_owned())].into());
        assert!(info("cluster_name").is_ok());
        for key in ["cluster-name", "1st", ""] {
            assert!(matches!(info(key), Err(SyncError::ClusterInfo { .. })), "{key}");
        }
    }

    #[test]
    fn paths_differ_only_in_what_they_name() {
        assert_eq!(normal("./clusters/gc0/ops"), normal("clusters/gc0/ops/"));
        assert_ne!(normal("./clusters/gc0/ops"), normal("./clusters/gc0/apps"));
    }

    #[test]
    fn a_deployment_is_available_only_as_it_is_now() {
        let deployment = |generation: i64, available: &str| -> Deployment {
            serde_json::from_value(json!({
                "metadata": {"generation": 2},
                "status": {"observedGeneration": generation,
                    "conditions": [{"type": "Available", "status": available, "message": "no nodes"}]},
            }))
            .unwrap()
        };
        assert!(is_available(&deployment(2, "True")));
        assert!(!is_available(&deployment(1, "True")));
        assert!(!is_available(&deployment(2, "False")));
        assert_eq!(unavailable(&deployment(2, "False")), "no nodes");
    }
}
