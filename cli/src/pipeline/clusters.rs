//! The clusters of an environment: instances that have a registry, and how each of them is reached.

use std::{collections::BTreeMap, path::PathBuf};

use futures::future::join_all;

use crate::{
    closure::Inventory,
    platform::{Environment, EnvironmentName, Instance, StackName, layout},
    repo::CommitId,
    sync::{self, Cluster, ClusterAccess, ClusterContract, EngineFiles, RegistryStatus, SyncError},
};

use super::{PipelineError, Site, backend::StateLocation, exported::Tree, target};

/// Which clusters, and at which commit.
#[derive(Debug, Clone)]
pub struct ClusterSelection {
    /// The commit whose registries count.
    pub commit: CommitId,
    /// The environment.
    pub environment: EnvironmentName,
    /// Only the clusters of these stacks; empty: all of the environment.
    pub stacks: Vec<StackName>,
    /// How to reach the cluster instead of what its stack's outputs say; for one cluster only.
    pub access: Option<ClusterAccess>,
}

/// The clusters of a selection.
pub(super) struct Selected {
    /// The environment.
    pub(super) environment: Environment,
    /// The clusters, in the order of stacks.
    pub(super) clusters: Vec<Found>,
    /// What their registries lie in.
    _tree: Tree,
}

/// A cluster as the repository knows it.
pub(super) struct Found {
    /// Its instance.
    pub(super) instance: Instance,
    registry: PathBuf,
    state: StateLocation,
}

/// A cluster with everything that its hand-over needs.
pub(super) struct Located {
    /// What its engine starts from.
    pub(super) files: EngineFiles,
    /// How it is reached.
    access: ClusterAccess,
    /// What its manifests may want to know; `None` when no state says anything.
    pub(super) info: Option<BTreeMap<String, String>>,
    /// The sandbox that it is, if its outputs say so.
    sandbox: Option<String>,
}

impl Site {
    /// Looks at every selected cluster once, all at the same time: how far its engine is in delivering the commit, or
    /// why it cannot be asked. A cluster that was never applied is left out: there is none.
    ///
    /// # Errors
    /// When the commit cannot be read or a name is unknown.
    pub async fn cluster_status(
        &self,
        selection: &ClusterSelection,
    ) -> Result<Vec<(Instance, Result<RegistryStatus, PipelineError>)>, PipelineError> {
        let selected = self.select(selection)?;
        let looked = selected.clusters.iter().map(async |found| {
            let look = async {
                let located = found.locate(selection.access.as_ref()).await?;
                let revision = located.files.root().revision(&selection.commit.to_string());
                let cluster = located.connect().await?;
                Ok(sync::status(&cluster, located.files.root(), &revision).await?)
            };
            (found.instance.clone(), look.await)
        });
        let mut seen = join_all(looked).await;
        seen.retain(|(_, status)| !matches!(status, Err(PipelineError::NotApplied { .. })));
        Ok(seen)
    }

    /// The clusters that `selection` means.
    pub(super) fn select(&self, selection: &ClusterSelection) -> Result<Selected, PipelineError> {
        let snapshot = self.repository().commit_snapshot(selection.commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let environment = target::environment(&inventory.platform, &selection.environment)?.clone();
        for stack in &selection.stacks {
            inventory.stack(stack.as_str())?;
        }
        let tree = self.export(&snapshot)?;
        let clusters: Vec<Found> = inventory
            .instances()
            .into_iter()
            .filter(|instance| selection.stacks.is_empty() || selection.stacks.contains(&instance.stack))
            .filter(|instance| instance.environment.as_ref() == Some(&environment.name))
            .filter_map(|instance| {
                let registry = tree.path().join(layout::registry(&instance.stack, &environment.name));
                let state = self.state(&tree, &inventory.platform, &instance);
                registry.exists().then_some(Found { instance, registry, state })
            })
            .collect();
        if selection.access.is_some() && clusters.len() > 1 {
            return Err(PipelineError::OneCluster { count: clusters.len() });
        }
        Ok(Selected { environment, clusters, _tree: tree })
    }
}

impl Found {
    /// Reads the registry, and from the stack's outputs how the cluster is reached, unless `access` says so.
    pub(super) async fn locate(&self, access: Option<&ClusterAccess>) -> Result<Located, PipelineError> {
        let files = EngineFiles::read(&self.registry)?;
        let state = self.state.read().await?;
        let contract = match &state {
            Some(state) => ClusterContract::parse(|name| Some(&state.outputs.get(name)?.value)),
            None if access.is_none() => return Err(PipelineError::NotApplied { instance: self.instance.clone() }),
            None => ClusterContract::parse(|_| None),
        };
        // A kubeconfig that the user named may lead anywhere, also past the stack's sandbox.
        let named = access.is_some();
        let (access, info) = match (access, contract) {
            (Some(access), contract) => (access.clone(), contract.ok().map(|contract| contract.info)),
            (None, contract) => contract.map(|contract| (contract.access, Some(contract.info)))?,
        };
        let info = info.map(|mut info| {
            info.extend(self.instance.environment.iter().map(|name| ("environment".to_owned(), name.to_string())));
            info
        });
        let local = info
            .as_ref()
            .filter(|info| !named && info.get("cluster_provider").is_some_and(|provider| provider == "local"));
        let sandbox = local.and_then(|info| info.get("cluster_name").cloned());
        Ok(Located { files, access, info, sandbox })
    }
}

impl Located {
    /// Connects. A local cluster that does not answer is a sandbox that this machine can start.
    pub(super) async fn connect(&self) -> Result<Cluster, PipelineError> {
        sync::connect(&self.access).await.map_err(|error| match (&self.sandbox, error) {
            (Some(sandbox), error @ (SyncError::Unreachable { .. } | SyncError::Read { .. })) => {
                PipelineError::LocalCluster { sandbox: sandbox.clone(), source: Box::new(error) }
            }
            (_, error) => error.into(),
        })
    }
}
