//! What Argo CD knows of the cluster that it runs in: a Secret, whose annotations ApplicationSets fill into what they make.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use kube::core::GroupVersionKind;
use serde_json::json;

use crate::sync::{ObjectRef, RootSource, SyncError, manifest::Desired};

/// The Secret of the cluster that Argo CD itself runs in.
const NAME: &str = "kstack-cluster";
/// Label by which Argo CD finds Secrets that are for it.
pub(in crate::sync) const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

/// The Secret, which holds no credential: Argo CD reaches this cluster as what it is there.
pub(in crate::sync) fn cluster_secret(
    root: &RootSource,
    info: &BTreeMap<String, String>,
) -> Result<Desired, SyncError> {
    for key in info.keys() {
        let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if key.is_empty() || key.len() > 63 || !key.bytes().all(part) || key.starts_with('_') || key.ends_with('_') {
            let reason = "Argo CD gets it as an annotation: letters, digits and `_` inside, at most 63";
            return Err(SyncError::ClusterInfo { key: key.clone(), reason });
        }
    }
    // The registry is `clusters/<stack>/<environment>`.
    let mut parts = root.path.trim_end_matches('/').rsplit('/');
    let (environment, stack) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let data = |text: &str| BASE64.encode(text);
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": NAME,
            "namespace": root.namespace,
            "labels": {
                SECRET_TYPE: "cluster",
                "app.kubernetes.io/managed-by": "kstack",
                "kstack.dev/stack": stack,
                "kstack.dev/environment": environment,
            },
            "annotations": info,
        },
        "data": {
            "name": data(&format!("{stack}-{environment}")),
            "server": data("https://kubernetes.default.svc"),
            "config": data("{\"tlsClientConfig\":{\"insecure\":false}}"),
        },
    });
    let object = ObjectRef::namespaced("", "Secret", &root.namespace, NAME);
    Ok(Desired { object, kind: GroupVersionKind::gvk("", "v1", "Secret"), body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Engine;

    #[test]
    fn the_cluster_is_found_by_its_labels_and_described_by_annotations() {
        let root = RootSource {
            engine: Engine::ArgoCd,
            namespace: "argocd".to_owned(),
            name: "registry".to_owned(),
            url: String::new(),
            reference: "main".to_owned(),
            path: "clusters/eks-gc_0-eu-west-1/ops".to_owned(),
            secret: None,
        };
        let secret = |key: &str| cluster_secret(&root, &[(key.to_owned(), "gc0".to_owned())].into());
        let body = secret("cluster_name").unwrap().body;
        assert_eq!(body["metadata"]["labels"]["kstack.dev/stack"], "eks-gc_0-eu-west-1");
        assert_eq!(body["metadata"]["annotations"]["cluster_name"], "gc0");
        assert_eq!(body["data"]["name"], BASE64.encode("eks-gc_0-eu-west-1-ops"));
        for key in ["", "cluster/name", "_x"] {
            assert!(matches!(secret(key), Err(SyncError::ClusterInfo { .. })), "{key}");
        }
    }
}
