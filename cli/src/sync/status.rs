//! How far a cluster is, without waiting for anything or writing anything.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Cluster, ObjectRef, ObjectStatus, Revision, RootSource, State, SyncError,
    kinds::FluxKinds,
    live::Live,
    observed::Observed,
    picture::{Picture, members},
};

/// How far a cluster is in delivering a revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryStatus {
    /// The revision.
    pub revision: String,
    /// How far every object of the registry is: sources first.
    pub objects: Vec<ObjectStatus>,
    /// What each Kustomization has brought.
    #[serde(skip)]
    pub delivered: BTreeMap<ObjectRef, Vec<ObjectRef>>,
}

impl RegistryStatus {
    /// Whether every object has delivered the revision.
    pub fn is_ready(&self) -> bool {
        self.objects.iter().all(|status| status.state == State::Ready)
    }
}

/// Looks at the cluster once.
///
/// # Errors
/// When the cluster cannot be asked.
pub async fn status(cluster: &Cluster, root: &RootSource, revision: &Revision) -> Result<RegistryStatus, SyncError> {
    let kinds = FluxKinds::discover(cluster).await?;
    let live = Live::list(cluster, &kinds).await?;
    let asked = BTreeMap::new();
    let objects = Picture { root, revision, asked: &asked, objects: live.objects() }.assess();
    let brought = |object: &ObjectRef| Some(Observed(live.objects().get(object)?).inventory());
    let delivered = members(root, live.objects()).into_iter().filter_map(|object| {
        let brought = brought(&object).filter(|brought| !brought.is_empty())?;
        Some((object, brought))
    });
    Ok(RegistryStatus { revision: revision.to_string(), objects, delivered: delivered.collect() })
}
