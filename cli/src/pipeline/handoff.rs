//! After the apply: hands the environment's clusters over to their engine, and waits for the commit.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Serialize;

use crate::{
    closure::Inventory,
    platform::{Environment, EnvironmentName, Instance, Platform, StackName, Trigger, layout},
    repo::{CommitId, RepoError},
    sync::{
        self, ClusterAccess, ClusterContract, EngineFiles, GitCredential, HandoffSettings, Mode, Outcome, SyncError,
        SyncEvent, SyncReport, WaitSettings,
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

/// The clusters that a request means, and the files of its commit.
struct Targets {
    tree: Tree,
    platform: Platform,
    environment: Environment,
    clusters: Vec<Instance>,
}

impl Site {
    /// Whether handing over can work as far as that can be known before anything is applied: the engines can see
    /// the commit, and the cluster that the user named is the only one. Touches nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotPushed`], [`PipelineError::NoRemote`], [`PipelineError::OneCluster`]; errors of `repo/`.
    pub fn foresee_hand_over(&self, request: &HandoffRequest) -> Result<(), PipelineError> {
        let targets = self.targets(request)?;
        match targets.environment.trigger {
            _ if targets.clusters.is_empty() => Ok(()),
            Trigger::Tag(_) => self.require_remote(),
            Trigger::Branch(_) => self.pushed(request.commit, &targets.environment).map(drop),
        }
    }

    /// Hands over every cluster that `request` means, one after the other.
    ///
    /// # Errors
    /// As [`Site::foresee_hand_over`], before anything is touched; [`PipelineError::LocalCluster`]; errors of
    /// `sync/`. An engine that fails to deliver is part of the result.
    pub async fn hand_over(
        &self,
        request: &HandoffRequest,
        events: HandoffSink<'_>,
    ) -> Result<Vec<HandedOver>, PipelineError> {
        let targets = self.targets(request)?;
        let expected = if targets.clusters.is_empty() || request.mode == Mode::DryRun {
            request.commit
        } else {
            self.publish(request.commit, &targets.environment)?
        };
        let mut handed_over = Vec::new();
        for instance in &targets.clusters {
            let sink = |event| events(instance, event);
            let (access, mut info) = self.contract(request, &targets, instance).await?;
            info.insert("environment".to_owned(), request.environment.to_string());
            let folder = registry(&targets.tree, instance).unwrap_or_default();
            let files = EngineFiles::read(&folder)?;
            let revision = files.root().revision(&expected.to_string());
            let cluster = sync::connect(&access).await.map_err(|error| unreachable(request, &info, error))?;
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
            handed_over.push(HandedOver { instance: instance.clone(), changed: done.is_change(), report });
        }
        Ok(handed_over)
    }

    fn targets(&self, request: &HandoffRequest) -> Result<Targets, PipelineError> {
        let snapshot = self.repository().commit_snapshot(request.commit)?;
        let inventory = Inventory::load(&snapshot)?;
        plan::environments(&inventory.platform, std::slice::from_ref(&request.environment))?;
        let environment = inventory.platform.environment(request.environment.as_str()).cloned().ok_or_else(|| {
            let known = inventory.platform.environments.iter().map(|environment| environment.name.to_string());
            PipelineError::UnknownEnvironment { name: request.environment.to_string(), known: known.collect() }
        })?;
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
        Ok(Targets { tree, platform: inventory.platform, environment, clusters })
    }

    /// How the cluster of `instance` is reached, and what its manifests may want to know.
    async fn contract(
        &self,
        request: &HandoffRequest,
        targets: &Targets,
        instance: &Instance,
    ) -> Result<(ClusterAccess, BTreeMap<String, String>), PipelineError> {
        let state = self.state(&targets.tree, &targets.platform, instance).read().await?;
        let outputs = state.as_ref().map(|state| &state.outputs);
        let contract = ClusterContract::parse(|name| Some(&outputs?.get(name)?.value));
        match (&request.access, contract) {
            (Some(access), Ok(contract)) => Ok((access.clone(), contract.info)),
            (Some(access), Err(_)) => Ok((access.clone(), BTreeMap::new())),
            (None, Ok(contract)) => Ok((contract.access, contract.info)),
            (None, Err(error)) => Err(error.into()),
        }
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

/// A cluster that does not answer is, where it is a sandbox, one that this machine can start.
fn unreachable(request: &HandoffRequest, info: &BTreeMap<String, String>, error: SyncError) -> PipelineError {
    let local = info.get("cluster_provider").is_some_and(|provider| provider == "local");
    let gone = matches!(error, SyncError::Unreachable { .. } | SyncError::Read { .. });
    match info.get("cluster_name") {
        Some(sandbox) if local && gone && request.access.is_none() => {
            PipelineError::LocalCluster { sandbox: sandbox.clone(), source: Box::new(error) }
        }
        _ => error.into(),
    }
}

fn registry(tree: &Tree, instance: &Instance) -> Option<PathBuf> {
    let environment = instance.environment.as_ref()?;
    Some(tree.path().join(layout::registry(&instance.stack, environment)))
}
