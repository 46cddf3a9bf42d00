//! The key that Argo CD signs sessions with. Its API server makes it at its first start; the core installation has no API
//! server, and its controllers refuse to work without all the same.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use uuid::Uuid;

use crate::sync::{Cluster, ObjectRef, RootSource, SyncError, kinds::FIELD_MANAGER};

const SECRET: &str = "argocd-secret";
const KEY: &str = "server.secretkey";

/// Makes the key unless it is there. Returns whether it was made.
pub(in crate::sync) async fn ensure_key(cluster: &Cluster, root: &RootSource) -> Result<bool, SyncError> {
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), &root.namespace);
    let object = ObjectRef::namespaced("", "Secret", &root.namespace, SECRET);
    let live = secrets.get_opt(SECRET).await.map_err(cluster.failed(format!("read `{object}`")))?;
    if live.is_none_or(|live| live.data.is_some_and(|data| data.contains_key(KEY))) {
        return Ok(false);
    }
    // Two random UUIDs: 244 bits from the system's generator.
    let key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let patch = Patch::Merge(json!({"stringData": {KEY: key}}));
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    secrets.patch(SECRET, &parameters, &patch).await.map_err(cluster.failed(format!("complete `{object}`")))?;
    Ok(true)
}
