//! How far a cluster is, without waiting for anything or writing anything.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Cluster, ObjectRef, ObjectStatus, Revision, RootSource, State, SyncError, kinds::Kinds, live::Live,
    picture::Picture,
};

/// How far a cluster is in delivering a revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryStatus {
    /// The revision.
    pub revision: String,
    /// How far every object of the registry is: sources first.
    pub objects: Vec<ObjectStatus>,
    /// What each of them has brought.
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
    let kinds = Kinds::discover(cluster, root.engine).await?;
    let live = Live::list(cluster, &kinds).await?;
    let asked = BTreeMap::new();
    let picture = Picture { root, revision, asked: &asked, objects: live.objects() };
    Ok(RegistryStatus { revision: revision.to_string(), objects: picture.assess(), delivered: picture.brought() })
}
