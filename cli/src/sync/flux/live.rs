//! What Flux in a cluster follows already.

use kube::core::DynamicObject;

use super::{files::reference, observed::Observed};
use crate::sync::{
    Cluster, Engine, RootSource, SyncError,
    engine::{follows, normal},
    kinds::Kinds,
};

/// Whether the cluster's Flux already delivers this registry.
///
/// A Flux that follows something else is an error: to apply other root objects would prune everything that
/// the old ones brought.
pub(in crate::sync) async fn delivers(cluster: &Cluster, kinds: &Kinds, root: &RootSource) -> Result<bool, SyncError> {
    let text = |live: &DynamicObject, pointer| Observed(live).text(pointer).map(ToOwned::to_owned);
    let same = |what, object, live, wanted: &str| follows(Engine::Flux, what, object, live, wanted);
    if let Some(live) = kinds.read(cluster, &root.repository()).await? {
        same("repository", root.repository(), text(&live, "/spec/url"), &root.url)?;
        same("Git reference", root.repository(), reference(&live.data), &root.reference)?;
    }
    let Some(live) = kinds.read(cluster, &root.kustomization()).await? else { return Ok(false) };
    let path = text(&live, "/spec/path").filter(|path| normal(path) != normal(&root.path));
    same("path", root.kustomization(), path, &root.path)?;
    Ok(Observed(&live).text("/status/lastAppliedRevision").is_some())
}
