//! The hand-over, step by step. Every step looks first and writes only what differs, so that doing it
//! again changes nothing, and an interrupted one is finished by the next.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::{
    Cluster, EngineFiles, GitCredential, Outcome, SyncError, SyncReport, Tally, WaitSettings,
    apply::{Applier, Owner},
    credential, engine,
    event::{Sink, SyncEvent},
    ready,
    release::release,
    wait,
};

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
    /// What the registry says that the engine starts from.
    pub files: EngineFiles,
    /// How the engine reads the repository; `None`: the repository is public, or the Secret is there already.
    pub credential: Option<GitCredential>,
    /// What manifests may want to know about their cluster; `None`: leave what is there.
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
    /// What manifests may want to know about their cluster.
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
/// Before anything is written: when the cluster's engine follows something else or is somebody else's, when kstack may not
/// administer the cluster, when the source needs a credential that is neither there nor given, or when a
/// variable has an impossible name. Later: when the API
/// server refuses an object, or the engine does not start.
pub async fn handoff(cluster: &Cluster, settings: &HandoffSettings, sink: Sink<'_>) -> Result<Handoff, SyncError> {
    let root = settings.files.root();
    let dry_run = settings.mode == Mode::DryRun;
    sink(SyncEvent::Connected { endpoint: cluster.endpoint().to_owned(), version: cluster.version().to_owned() });
    let cluster_info = settings.cluster_info.as_ref().map(|info| engine::cluster_info(root, info)).transpose()?;
    if !engine::delivers(cluster, root).await? {
        require_admin(cluster).await?;
    }
    let credential = credential::look(cluster, root, settings.credential.as_ref()).await?;

    let mut applier = Applier::new(cluster, dry_run, sink).await?;
    let mut components = applier.apply(&settings.files.components, Owner::Engine).await?;
    if !dry_run && engine::complete(cluster, root).await? && components.created == 0 {
        components.changed += 1;
    }
    sink(SyncEvent::Applied(components));
    if !dry_run {
        let controllers = settings.files.components.iter().filter(|desired| desired.is_workload());
        let controllers = ready::available(cluster, controllers, settings.engine_timeout).await?;
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
    // One after the other: what comes later may refer to what came before.
    let mut root = Tally::default();
    for desired in &settings.files.roots {
        root += applier.apply(std::slice::from_ref(desired), Owner::Engine).await?;
    }
    sink(SyncEvent::Root(root));
    Ok(Handoff { components, credential_created, cluster_info, root })
}

/// To install an engine is to grant it everything, which only somebody who may do everything can.
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
