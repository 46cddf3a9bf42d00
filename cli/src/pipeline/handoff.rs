//! After the apply: hands the environment's clusters over to their engine, and waits for the commit.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Serialize;

use crate::{
    closure::Inventory,
    platform::{Environment, EnvironmentName, Instance, StackName, Trigger, layout},
    repo::CommitId,
    sync::{
        self, ClusterAccess, ClusterContract, EngineFiles, GitCredential, HandoffSettings, Mode, Outcome,
        RegistryStatus, SyncEvent, SyncReport, WaitSettings,
    },
};

use super::{PipelineError, Site, backend::StateLocation, plan, workshop::Tree};

/// The remote whose branch the engines pull, by Git's usual name.
const REMOTE: &str = "origin";

/// How long the engine's controllers may take to start when nobody waits for the commit.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Which clusters to hand over, and how.
#[derive(Debug, Clone)]
pub struct HandoffRequest {
    /// The commit that the engine must report.
    pub commit: CommitId,
    /// The environment.
    pub environment: EnvironmentName,
    /// Only the clusters of these stacks; empty: all of the environment.
    pub stacks: Vec<StackName>,
    /// How to reach the cluster instead of what its stack's outputs say; for one cluster only.
    pub access: Option<ClusterAccess>,
    /// What the engine reads the repository with; `None`: the Secret must be there already.
    pub credential: Option<GitCredential>,
    /// How long to wait for the commit; `None`: not at all.
    pub wait: Option<Duration>,
    /// Write, or only tell what would be written.
    pub mode: Mode,
}

/// What came of one cluster.
#[derive(Debug, Serialize)]
pub struct HandedOver {
    /// The cluster's instance.
    pub instance: Instance,
    /// Whether anything was written, or would be.
    pub changed: bool,
    /// How far the engine is; `None` when nobody waited.
    pub report: Option<SyncReport>,
}

impl HandedOver {
    /// Whether the engine delivered the commit, or nobody waited for it.
    pub fn is_ok(&self) -> bool {
        self.report.as_ref().is_none_or(|report| report.outcome == Outcome::Ready)
    }
}

/// What happens while clusters are handed over.
pub type HandoffSink<'a> = &'a (dyn Fn(&Instance, SyncEvent) + Send + Sync);

impl Site {
    /// Hands over every cluster that `request` means, one after the other.
    ///
    /// # Errors
    /// [`PipelineError::NotPushed`] before anything is touched when the engine could never see the commit;
    /// errors of `sync/`. An engine that fails to deliver is part of the result.
    pub async fn hand_over(
        &self,
        request: &HandoffRequest,
        events: HandoffSink<'_>,
    ) -> Result<Vec<HandedOver>, PipelineError> {
        let (tree, environment, clusters) = self.clusters(request.commit, &request.environment, &request.stacks)?;
        if request.access.is_some() && clusters.len() > 1 {
            return Err(PipelineError::OneCluster { count: clusters.len() });
        }
        let expected = if clusters.is_empty() || request.mode == Mode::DryRun {
            request.commit
        } else {
            self.publish(request.commit, &environment)?
        };
        let mut handed_over = Vec::new();
        for found in clusters {
            let Located { instance, files, access, info } = self.locate(&tree, found, request.access.as_ref()).await?;
            let sink = |event| events(&instance, event);
            let revision = files.root().revision(&expected.to_string());
            let cluster = sync::connect(&access).await?;
            let settings = HandoffSettings {
                files,
                credential: request.credential.clone(),
                cluster_info: Some(info),
                mode: request.mode,
                engine_timeout: request.wait.unwrap_or(ENGINE_TIMEOUT),
            };
            let (done, report) = match request.wait {
                Some(timeout) if request.mode == Mode::Apply => {
                    let waiting = WaitSettings::new(settings.files.root().clone(), revision, timeout);
                    let (done, report) = sync::sync(&cluster, &settings, &waiting, &sink).await?;
                    (done, Some(report))
                }
                _ => (sync::handoff(&cluster, &settings, &sink).await?, None),
            };
            handed_over.push(HandedOver { instance, changed: done.is_change(), report });
        }
        Ok(handed_over)
    }

    /// Looks at every cluster of an environment once: how far its engine is in delivering `commit`.
    ///
    /// # Errors
    /// When a cluster cannot be reached or asked.
    pub async fn status(
        &self,
        commit: CommitId,
        environment: &EnvironmentName,
        stacks: &[StackName],
        access: Option<&ClusterAccess>,
    ) -> Result<Vec<(Instance, RegistryStatus)>, PipelineError> {
        let (tree, _, clusters) = self.clusters(commit, environment, stacks)?;
        let mut seen = Vec::new();
        for found in clusters {
            let Located { instance, files, access, .. } = self.locate(&tree, found, access).await?;
            let revision = files.root().revision(&commit.to_string());
            let cluster = sync::connect(&access).await?;
            seen.push((instance, sync::status(&cluster, files.root(), &revision).await?));
        }
        Ok(seen)
    }

    /// The clusters of an environment at `commit`: instances that have a registry.
    fn clusters(
        &self,
        commit: CommitId,
        environment: &EnvironmentName,
        stacks: &[StackName],
    ) -> Result<(Tree, Environment, Vec<Found>), PipelineError> {
        let snapshot = self.repository().commit_snapshot(commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let environment = plan::environment(&inventory.platform, environment)?.clone();
        let tree = self.export(&snapshot)?;
        let clusters = inventory
            .instances()
            .into_iter()
            .filter(|instance| stacks.is_empty() || stacks.contains(&instance.stack))
            .filter(|instance| instance.environment.as_ref() == Some(&environment.name))
            .filter_map(|instance| {
                let registry = tree.path().join(layout::registry(&instance.stack, &environment.name));
                let state = self.state(&tree, &inventory.platform, &instance);
                registry.exists().then_some(Found { instance, registry, state })
            })
            .collect();
        Ok((tree, environment, clusters))
    }

    /// Reads a cluster's registry, and from its stack's outputs how it is reached, unless `access` says so.
    async fn locate(&self, _: &Tree, found: Found, access: Option<&ClusterAccess>) -> Result<Located, PipelineError> {
        let state = found.state.read().await?;
        let outputs = state.as_ref().map(|state| &state.outputs);
        let contract = ClusterContract::parse(|name| Some(&outputs?.get(name)?.value));
        let (access, mut info) = match (access, contract) {
            (Some(access), contract) => (access.clone(), contract.map(|contract| contract.info).unwrap_or_default()),
            (None, contract) => contract.map(|contract| (contract.access, contract.info))?,
        };
        if let Some(environment) = &found.instance.environment {
            info.insert("environment".to_owned(), environment.to_string());
        }
        Ok(Located { files: EngineFiles::read(&found.registry)?, instance: found.instance, access, info })
    }

    /// Sees to it that the branch which the engines of `environment` follow holds `commit`, and returns the
    /// commit that they will report: `commit`, or a later one that the branch has moved on to.
    fn publish(&self, commit: CommitId, environment: &Environment) -> Result<CommitId, PipelineError> {
        let repository = self.repository();
        let branch = environment.engine_branch();
        if repository.remote_url(REMOTE)?.is_none() {
            return Err(PipelineError::NoRemote { remote: REMOTE });
        }
        if let Trigger::Tag(_) = environment.trigger {
            // Without force: promotion moves forward; going back is a new commit that reverts.
            repository.push(REMOTE, &format!("{commit}:refs/heads/{branch}"))?;
            return Ok(commit);
        }
        let tracking = format!("refs/remotes/{REMOTE}/{branch}");
        repository.fetch(REMOTE, &[&format!("+refs/heads/{branch}:{tracking}")])?;
        let tip = repository.resolve(&tracking)?;
        if repository.is_ancestor(commit, tip)? {
            return Ok(tip);
        }
        Err(PipelineError::NotPushed { commit: commit.short(), branch, remote: REMOTE })
    }
}

/// A cluster with its registry in the exported tree.
struct Found {
    instance: Instance,
    registry: PathBuf,
    state: StateLocation,
}

/// A cluster with everything that its hand-over needs.
struct Located {
    instance: Instance,
    files: EngineFiles,
    access: ClusterAccess,
    info: BTreeMap<String, String>,
}
