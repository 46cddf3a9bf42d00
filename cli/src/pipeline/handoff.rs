//! After the apply: hands the environment's clusters over to their engine, and waits for the commit.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

use crate::{
    closure::Inventory,
    platform::{Environment, EnvironmentName, Instance, StackName, Trigger, layout},
    repo::CommitId,
    sync::{
        self, ClusterAccess, ClusterContract, EngineFiles, GitCredential, HandoffSettings, Mode, Outcome, SyncEvent,
        SyncReport, WaitSettings,
    },
};

use super::{PipelineError, Site, plan, workshop::Tree};

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
        let snapshot = self.repository().commit_snapshot(request.commit)?;
        let inventory = Inventory::load(&snapshot)?;
        plan::environments(&inventory.platform, std::slice::from_ref(&request.environment))?;
        let tree = self.export(&snapshot)?;
        let clusters: Vec<Instance> = inventory
            .instances()
            .into_iter()
            .filter(|instance| request.stacks.is_empty() || request.stacks.contains(&instance.stack))
            .filter(|instance| instance.environment.as_ref() == Some(&request.environment))
            .filter(|instance| registry(&tree, instance).is_some_and(|folder| folder.exists()))
            .collect();
        if request.access.is_some() && clusters.len() > 1 {
            return Err(PipelineError::OneCluster { count: clusters.len() });
        }
        let Some(environment) = inventory.platform.environment(request.environment.as_str()) else {
            return Ok(Vec::new());
        };
        let expected = if clusters.is_empty() || request.mode == Mode::DryRun {
            request.commit
        } else {
            self.publish(request.commit, environment)?
        };
        let mut handed_over = Vec::new();
        for instance in clusters {
            let sink = |event| events(&instance, event);
            let state = self.state(&tree, &inventory.platform, &instance).read().await?;
            let outputs = state.as_ref().map(|state| &state.outputs);
            let contract = ClusterContract::parse(|name| Some(&outputs?.get(name)?.value));
            let (access, mut info) = match (&request.access, contract) {
                (Some(access), Ok(contract)) => (access.clone(), contract.info),
                (Some(access), Err(_)) => (access.clone(), std::collections::BTreeMap::new()),
                (None, Ok(contract)) => (contract.access, contract.info),
                (None, Err(error)) => return Err(error.into()),
            };
            info.insert("environment".to_owned(), request.environment.to_string());
            let folder = registry(&tree, &instance).unwrap_or_default();
            let files = EngineFiles::read(&folder)?;
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

fn registry(tree: &Tree, instance: &Instance) -> Option<PathBuf> {
    let environment = instance.environment.as_ref()?;
    Some(tree.path().join(layout::registry(&instance.stack, environment)))
}
