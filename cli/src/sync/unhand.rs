//! Taking the engine's objects out of a cluster that is going to be destroyed.
//!
//! Load balancers, volumes and DNS records belong to objects that the engine brought; destroying the
//! cluster under them would leave them behind. So they go first, in an order that each engine knows.
//! Finalizers are waited for, never removed.

use std::{collections::BTreeSet, time::Duration};

use futures::StreamExt as _;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde::Serialize;
use serde_json::Value;

use super::{
    Cluster, Engine, ObjectRef, RootSource, SyncError, argocd,
    event::{Sink, SyncEvent},
    flux,
    kinds::{FIELD_MANAGER, Kinds},
    live::Live,
};

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnhandReport {
    /// The objects in the order in which they went.
    pub deleted: Vec<ObjectRef>,
}

/// Deletes what the engine delivers to the cluster from `root`, and waits until all of it is gone.
/// What was taken out before, or never handed over, is no error.
///
/// # Errors
/// [`SyncError::StillThere`] when finalizers are not done within `timeout`, and whatever the API server refuses.
pub async fn unhand(
    cluster: &Cluster,
    root: &RootSource,
    timeout: Duration,
    sink: Sink<'_>,
) -> Result<UnhandReport, SyncError> {
    let kinds = Kinds::discover(cluster, root.engine).await?;
    let live = Live::list(cluster, &kinds).await?;
    let (pending, deleted) = (BTreeSet::new(), Vec::new());
    let mut unhanding = Unhanding { cluster, kinds: &kinds, root, sink, live, pending, deleted };
    let work = async {
        match root.engine {
            Engine::Flux => flux::unhand(&mut unhanding).await,
            Engine::ArgoCd => argocd::unhand(&mut unhanding).await,
        }
    };
    match tokio::time::timeout(timeout, work).await {
        Ok(Ok(())) => Ok(UnhandReport { deleted: unhanding.deleted }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SyncError::StillThere { objects: unhanding.pending.into_iter().collect(), within: timeout }),
    }
}

/// The work, as far as it is done.
pub(super) struct Unhanding<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) kinds: &'a Kinds,
    pub(super) root: &'a RootSource,
    sink: Sink<'a>,
    /// The cluster as it was at the beginning.
    pub(super) live: Live,
    /// What is being deleted.
    pending: BTreeSet<ObjectRef>,
    deleted: Vec<ObjectRef>,
}

impl Unhanding<'_> {
    /// Changes `object`, where it is there; `verb` says what that is for.
    pub(super) async fn patch(&self, object: &ObjectRef, verb: &str, patch: Value) -> Result<(), SyncError> {
        let Some(api) = self.kinds.api(&self.cluster.client, object) else { return Ok(()) };
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch(&object.name, &parameters, &Patch::Merge(patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(self.cluster.failed(format!("{verb} `{object}`"))(error)),
        }
    }

    /// Deletes `objects` and what they own, and waits until they are gone.
    pub(super) async fn delete(&mut self, objects: BTreeSet<ObjectRef>) -> Result<(), SyncError> {
        self.delete_with(objects, &DeleteParams::background()).await
    }

    /// Deletes `objects` and waits until they are gone.
    pub(super) async fn delete_with(
        &mut self,
        objects: BTreeSet<ObjectRef>,
        parameters: &DeleteParams,
    ) -> Result<(), SyncError> {
        for object in objects {
            let Some(api) = self.kinds.api(&self.cluster.client, &object) else { continue };
            match api.delete(&object.name, parameters).await {
                Ok(_) => {
                    (self.sink)(SyncEvent::Deleting { object: object.clone() });
                    self.pending.insert(object);
                }
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => return Err(self.cluster.failed(format!("delete `{object}`"))(error)),
            }
        }
        while let Some(object) = self.pending.first().cloned() {
            self.gone(&object).await?;
            self.pending.remove(&object);
            self.deleted.push(object);
        }
        Ok(())
    }

    /// Waits until `object` does not exist.
    async fn gone(&self, object: &ObjectRef) -> Result<(), SyncError> {
        let Some(api) = self.kinds.api(&self.cluster.client, object) else { return Ok(()) };
        let mut states = std::pin::pin!(kube::runtime::watcher::watch_object(api, &object.name));
        while let Some(state) = states.next().await {
            // A lost connection is made again by the watch; the timeout of the whole bounds it.
            if matches!(state, Ok(None)) {
                break;
            }
        }
        Ok(())
    }
}
