//! Kubernetes objects as values, with an identity and an origin.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What makes an object the same object in a cluster. The version of its API is not part of it:
/// `v1beta1` becoming `v1` changes an object, it does not replace it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectId {
    /// Namespace; `None` for objects of the whole cluster and those that name none.
    pub namespace: Option<String>,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// API group, such as `apps`; empty for the core group.
    pub group: String,
    /// Name.
    pub name: String,
}

impl ObjectId {
    /// The identity of the object that `value` describes; `None` unless it has a kind and a name.
    pub fn of(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let api_version = value["apiVersion"].as_str()?;
        Some(Self {
            namespace: text(&value["metadata"]["namespace"]),
            kind: text(&value["kind"])?,
            group: api_version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default(),
            name: text(&value["metadata"]["name"])?,
        })
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// Where an object comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The Flux Kustomization that applies it, as `namespace/name`; empty for a registry whose own
    /// Kustomization is not part of it.
    pub kustomization: String,
    /// The folder that is built, relative to the repository.
    pub path: String,
    /// The file that describes the object or configures its generator, relative to the repository;
    /// `None` if kustomize does not tell.
    pub file: Option<String>,
}

/// One object as the engine would apply it.
#[derive(Clone, PartialEq)]
pub struct RenderedObject {
    /// Its identity.
    pub id: ObjectId,
    /// The object itself. May hold secrets: show differences, which are masked, never this.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// Variables such as `cluster_name` that stay in it as `${…}`, since their values are not at hand.
    pub unresolved: Vec<String>,
    /// Whether the engine leaves it in the cluster when it goes from the repository.
    pub kept: bool,
    /// Whether it is one of the engine's own manifests (`gotk-components.yaml`).
    pub engine: bool,
}

impl fmt::Debug for RenderedObject {
    /// Without the object itself, which may be a Secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderedObject").field("id", &self.id).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// All objects of a registry.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The objects, sorted by identity, each once.
    pub objects: Vec<RenderedObject>,
    /// What a reader should know, one sentence each; names in backticks.
    pub notices: Vec<String>,
}
