//! Letting go of what the engine has taken over.
//!
//! After the first hand-over both kstack and the engine own the fields of the engine's objects. A field
//! that a later commit drops would then stay for ever, since the engine gives up its share but kstack's
//! remains. So once it applies an object, kstack applies it with no fields at all: server-side apply
//! drops kstack's ownership, and the fields stay because the engine owns them.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{
    SyncError,
    apply::{Applier, PARALLEL, adopted},
    engine::EngineFiles,
    event::{Sink, SyncEvent},
    kinds::FIELD_MANAGER,
    manifest::Desired,
};

/// Gives up kstack's share in the engine's objects that the engine applies itself by now.
pub(super) async fn release(applier: &Applier<'_>, files: &EngineFiles, sink: Sink<'_>) -> Result<(), SyncError> {
    let objects = files.components.iter().chain(&files.roots);
    let released: Vec<bool> =
        stream::iter(objects).map(|desired| release_one(applier, desired)).buffered(PARALLEL).try_collect().await?;
    let count = released.into_iter().filter(|released| *released).count();
    if count > 0 {
        sink(SyncEvent::Released { count });
    }
    Ok(())
}

async fn release_one(applier: &Applier<'_>, desired: &Desired) -> Result<bool, SyncError> {
    let failed = |verb: &str| applier.cluster().failed(format!("{verb} `{}`", desired.object));
    let api = applier.api(desired)?;
    let live = api.get_metadata_opt(&desired.object.name).await.map_err(failed("read"))?;
    if !live.is_some_and(|live| adopted(&live.metadata) && shared(&live.metadata)) {
        return Ok(false);
    }
    let nothing = json!({
        "apiVersion": desired.api_version(), "kind": desired.kind.kind, "metadata": {"name": desired.object.name},
    });
    let parameters = PatchParams::apply(FIELD_MANAGER);
    api.patch(&desired.object.name, &parameters, &Patch::Apply(&nothing)).await.map_err(failed("let go of"))?;
    Ok(true)
}

/// Whether kstack still owns fields that it applied.
fn shared(live: &ObjectMeta) -> bool {
    let entries = live.managed_fields.as_deref().unwrap_or_default();
    entries
        .iter()
        .any(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER) && entry.operation.as_deref() == Some("Apply"))
}
