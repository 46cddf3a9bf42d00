//! What Flux fills into manifests.

use std::collections::BTreeMap;

use serde_json::json;

use crate::sync::{ObjectRef, SyncError, manifest::Desired};

/// The ConfigMap with what manifests may want to know about their cluster.
const CLUSTER_INFO: &str = "kstack-cluster-info";

/// The ConfigMap for Flux's `postBuild.substituteFrom`.
pub(in crate::sync) fn cluster_info(namespace: &str, info: &BTreeMap<String, String>) -> Result<Desired, SyncError> {
    for key in info.keys() {
        // Flux's rule for names of variables (`varsubRegex` in fluxcd/pkg/kustomize); one that breaks
        // it makes every Kustomization fail that reads the map.
        let valid = key.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !valid {
            let reason = "names of variables are letters, digits and `_`, and do not begin with a digit";
            return Err(SyncError::ClusterInfo { key: key.clone(), reason });
        }
    }
    let body = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CLUSTER_INFO,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "kstack",
                // Kustomizations that read the map are reconciled as soon as it changes.
                "reconcile.fluxcd.io/watch": "Enabled",
            },
        },
        "data": info,
    });
    let object = ObjectRef::namespaced("", "ConfigMap", namespace, CLUSTER_INFO);
    Ok(Desired { object, kind: kube::core::GroupVersionKind::gvk("", "v1", "ConfigMap"), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_flux_would_refuse_are_refused() {
        let info = |key: &str| cluster_info("flux-system", &[(key.to_owned(), "x".to_owned())].into());
        assert!(info("cluster_name").is_ok());
        for key in ["cluster-name", "1st", ""] {
            assert!(matches!(info(key), Err(SyncError::ClusterInfo { .. })), "{key}");
        }
    }
}
