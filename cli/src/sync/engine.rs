//! What the engines have in common: where one starts, what it reports, and which of its objects deliver.
//!
//! `flux/` and `argocd/` know their own kinds, files and states; everything else in this room works on what is here.

use std::{collections::BTreeMap, fmt, path::Path};

use serde_json::{Value, json};

use super::{
    Cluster, ObjectRef, SyncError, argocd, flux,
    kinds::{Kind, Kinds},
    manifest::Desired,
};

/// The engine that a registry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Flux.
    Flux,
    /// Argo CD.
    ArgoCd,
}

impl Engine {
    /// The engine as people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Flux => "Flux",
            Self::ArgoCd => "Argo CD",
        }
    }

    /// The kinds that deliver a registry.
    pub(super) fn delivering(self) -> &'static [Kind] {
        match self {
            Self::Flux => flux::DELIVERING,
            Self::ArgoCd => argocd::DELIVERING,
        }
    }

    /// Further kinds that are worked with by name.
    pub(super) fn others(self) -> &'static [Kind] {
        match self {
            Self::Flux => flux::OTHER_SOURCES,
            Self::ArgoCd => argocd::OTHERS,
        }
    }

    /// The annotation that asks a controller to look at an object now. `token` tells this request from others.
    pub(super) fn request(self, token: &str) -> Value {
        match self {
            Self::Flux => json!({ flux::REQUESTED_AT: token }),
            Self::ArgoCd => json!({ argocd::REFRESH: "normal" }),
        }
    }
}

/// What an engine is at, as it writes it: `<reference>@sha1:<commit>` for Flux, the commit for Argo CD.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(String);

impl Revision {
    /// The revision as the engine writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an engine starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSource {
    /// The engine.
    pub engine: Engine,
    /// Its namespace, in which it starts.
    pub namespace: String,
    /// Name of the object that it starts from.
    pub name: String,
    /// The repository.
    pub url: String,
    /// What of it is followed: a branch, a tag, or a full reference name.
    pub reference: String,
    /// The registry's folder in the repository.
    pub path: String,
    /// The Secret with the Git credential, where the repository needs one.
    pub secret: Option<String>,
}

impl RootSource {
    /// What the engine reports when it has delivered `commit` (40 hexadecimal digits).
    pub fn revision(&self, commit: &str) -> Revision {
        Revision(match self.engine {
            Engine::Flux => format!("{}@sha1:{commit}", self.reference),
            Engine::ArgoCd => commit.to_owned(),
        })
    }

    /// The object that the engine starts from.
    pub fn object(&self) -> ObjectRef {
        match self.engine {
            Engine::Flux => self.kustomization(),
            Engine::ArgoCd => argocd::application(&self.namespace, &self.name),
        }
    }

    /// Whether nothing arrives while `object` is suspended.
    pub(super) fn starts_at(&self, object: &ObjectRef) -> bool {
        match self.engine {
            Engine::Flux => [self.repository(), self.kustomization()].contains(object),
            Engine::ArgoCd => self.object() == *object,
        }
    }
}

/// The engine's files of one cluster in one environment.
#[derive(Debug, Clone)]
pub struct EngineFiles {
    /// The engine itself.
    pub(super) components: Vec<Desired>,
    /// What points it at the registry.
    pub(super) roots: Vec<Desired>,
    pub(super) root: RootSource,
}

impl EngineFiles {
    /// Reads them from `registry`, the folder `clusters/<stack>/<environment>` of an exported tree.
    ///
    /// # Errors
    /// When a file is missing or broken, or does not say where the engine starts.
    pub fn read(registry: &Path) -> Result<Self, SyncError> {
        if registry.join(argocd::ROOT).is_file() { argocd::read(registry) } else { flux::read(registry) }
    }

    /// Where the engine starts.
    pub fn root(&self) -> &RootSource {
        &self.root
    }
}

/// What is handed over of a cluster's own description, for its manifests.
///
/// # Errors
/// [`SyncError::ClusterInfo`] for a name that the engine cannot take.
pub(super) fn cluster_info(root: &RootSource, info: &BTreeMap<String, String>) -> Result<Desired, SyncError> {
    match root.engine {
        Engine::Flux => flux::cluster_info(&root.namespace, info),
        Engine::ArgoCd => argocd::cluster_secret(root, info),
    }
}

/// Whether the cluster's engine already delivers this registry. One that follows something else, or that somebody else
/// installed, is an error: other root objects would prune everything that the old ones brought.
pub(super) async fn delivers(cluster: &Cluster, root: &RootSource) -> Result<bool, SyncError> {
    let kinds = Kinds::discover(cluster, root.engine).await?;
    match root.engine {
        Engine::Flux => flux::delivers(cluster, &kinds, root).await,
        Engine::ArgoCd => argocd::delivers(cluster, &kinds, root).await,
    }
}

/// Adds to the engine's objects what no file can hold, and what it would not make by itself. Returns whether it had to.
pub(super) async fn complete(cluster: &Cluster, root: &RootSource) -> Result<bool, SyncError> {
    match root.engine {
        Engine::Flux => Ok(false),
        Engine::ArgoCd => argocd::ensure_key(cluster, root).await,
    }
}

/// Compares what the cluster follows with what the registry says.
pub(super) fn follows(
    engine: Engine,
    what: &'static str,
    object: ObjectRef,
    live: Option<String>,
    wanted: &str,
) -> Result<(), SyncError> {
    match live {
        Some(live) if live != wanted => {
            let engine = engine.title();
            Err(SyncError::FollowsOther { engine, what, object: Box::new(object), live, wanted: wanted.to_owned() })
        }
        _ => Ok(()),
    }
}

/// A path without what makes no difference.
pub(super) fn normal(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_differ_only_in_what_they_name() {
        assert_eq!(normal("./clusters/gc0/ops"), normal("clusters/gc0/ops/"));
        assert_ne!(normal("./clusters/gc0/ops"), normal("./clusters/gc0/apps"));
    }
}
