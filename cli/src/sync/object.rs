//! Names of Kubernetes objects, as people read them.

use std::fmt;

use kube::core::DynamicObject;
use serde::Serialize;

/// Which object: group and kind without the version, which is no part of an object's identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind, such as `Kustomization`.
    pub kind: String,
    /// Namespace, unless the object belongs to the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// The object `namespace/name` of a kind.
    pub fn namespaced(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        }
    }

    /// The name of `object`, or `None` where it has neither type nor name: an answer that no API server gives.
    pub(super) fn of(object: &DynamicObject) -> Option<Self> {
        let types = object.types.as_ref()?;
        Some(Self {
            group: group_of(&types.api_version).to_owned(),
            kind: types.kind.clone(),
            namespace: object.metadata.namespace.clone(),
            name: object.metadata.name.clone()?,
        })
    }
}

/// The group of an `apiVersion`: what is before the slash.
pub(super) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// `Kind/namespace/name`, or `Kind/name`: the form that Flux itself writes in its messages.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}
