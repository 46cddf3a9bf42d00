//! After the apply: hands the environment's clusters over to their engine, and waits for the commit.

use std::time::Duration;

use serde::Serialize;

use crate::{
    platform::{Environment, Instance, Trigger},
    repo::{CommitId, RepoError},
    sync::{self, GitCredential, HandoffSettings, Mode, Outcome, SyncEvent, SyncReport, WaitSettings},
};

use super::{ClusterSelection, PipelineError, Site};

/// The remote whose branch the engines pull, by Git's usual name.
const REMOTE: &str = "origin";

/// How long the engine's controllers may take to start when nobody waits for the commit.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Which clusters to hand over, and how.
#[derive(Debug, Clone)]
pub struct HandoffRequest {
    /// The clusters, and the commit that their engines must report.
    pub clusters: ClusterSelection,
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
    /// Whether handing over can work as far as that can be known before anything is applied: the engines can see
    /// the commit, and the cluster that the user named is the only one. Touches nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotPushed`], [`PipelineError::NoRemote`], [`PipelineError::OneCluster`]; errors of `repo/`.
    pub fn foresee_hand_over(&self, request: &HandoffRequest) -> Result<(), PipelineError> {
        let selected = self.select(&request.clusters)?;
        match selected.environment.trigger {
            _ if selected.clusters.is_empty() => Ok(()),
            Trigger::Tag(_) => self.require_remote(),
            Trigger::Branch(_) => self.pushed(request.clusters.commit, &selected.environment).map(drop),
        }
    }

    /// Hands over every cluster that `request` means, one after the other.
    ///
    /// # Errors
    /// As [`Site::foresee_hand_over`], before anything is touched; [`PipelineError::NotApplied`],
    /// [`PipelineError::LocalCluster`]; errors of `sync/`. An engine that fails to deliver is part of the result.
    pub async fn hand_over(
        &self,
        request: &HandoffRequest,
        events: HandoffSink<'_>,
    ) -> Result<Vec<HandedOver>, PipelineError> {
        let selected = self.select(&request.clusters)?;
        let mut located = Vec::new();
        for found in &selected.clusters {
            let cluster = found.locate(request.clusters.access.as_ref()).await?;
            let connection = cluster.connect().await?;
            located.push((&found.instance, cluster, connection));
        }
        let expected = if located.is_empty() || request.mode == Mode::DryRun {
            request.clusters.commit
        } else {
            self.publish(request.clusters.commit, &selected.environment)?
        };
        let mut handed_over = Vec::new();
        for (instance, located, cluster) in located {
            let sink = |event| events(instance, event);
            let root = located.files.root().clone();
            let settings = HandoffSettings {
                files: located.files,
                credential: request.credential.clone(),
                cluster_info: located.info,
                mode: request.mode,
                engine_timeout: request.wait.unwrap_or(ENGINE_TIMEOUT),
            };
            let (done, report) = match request.wait {
                Some(timeout) if request.mode == Mode::Apply => {
                    let revision = root.revision(&expected.to_string());
                    let waiting = WaitSettings::new(root, revision, timeout);
                    let (done, report) = sync::sync(&cluster, &settings, &waiting, &sink).await?;
                    (done, Some(report))
                }
                _ => (sync::handoff(&cluster, &settings, &sink).await?, None),
            };
            handed_over.push(HandedOver { instance: instance.clone(), changed: done.is_change(), report });
        }
        Ok(handed_over)
    }

    /// Sees to it that the branch which the engines of `environment` follow holds `commit`, and returns the
    /// commit that they will report: `commit`, or a later one that the branch has moved on to.
    fn publish(&self, commit: CommitId, environment: &Environment) -> Result<CommitId, PipelineError> {
        let Trigger::Tag(_) = environment.trigger else { return self.pushed(commit, environment) };
        self.require_remote()?;
        // Without force: promotion moves forward; going back is a new commit that reverts.
        self.repository().push(REMOTE, &format!("{commit}:refs/heads/{}", environment.engine_branch()))?;
        Ok(commit)
    }

    /// The commit at the tip of the branch that the engines of `environment` follow, which must hold `commit`.
    fn pushed(&self, commit: CommitId, environment: &Environment) -> Result<CommitId, PipelineError> {
        self.require_remote()?;
        let (repository, branch) = (self.repository(), environment.engine_branch());
        let tracking = format!("refs/remotes/{REMOTE}/{branch}");
        let not_pushed = || PipelineError::NotPushed { commit: commit.short(), branch: branch.clone(), remote: REMOTE };
        match repository.fetch(REMOTE, &[&format!("+refs/heads/{branch}:{tracking}")]) {
            // A repository that nothing was ever pushed to.
            Err(RepoError::NoRemoteRef { .. }) => return Err(not_pushed()),
            fetched => fetched?,
        }
        let tip = repository.resolve(&tracking)?;
        if repository.is_ancestor(commit, tip)? { Ok(tip) } else { Err(not_pushed()) }
    }

    fn require_remote(&self) -> Result<(), PipelineError> {
        match self.repository().remote_url(REMOTE)? {
            Some(_) => Ok(()),
            None => Err(PipelineError::NoRemote { remote: REMOTE }),
        }
    }
}
