//! The files that Argo CD starts from, in a cluster's registry.
//!
//! `argocd/` is a kustomization of Argo CD itself: the release's install manifests and what the platform sets. `root.yaml`
//! and `project.yaml` point it at the registry. Argo CD builds the kustomization with kustomize, and owns itself so. The
//! first hand-over needs no program for it: it understands what a registry is made with, `namespace`, `resources` that are
//! files, and `patches` that are files and merge, and refuses the rest by name.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{APPLICATION, GROUP, PROJECT};
use crate::sync::{
    Engine, EngineFiles, RootSource, SyncError,
    manifest::{self, Desired},
};

/// What Argo CD starts from, relative to the registry.
pub(in crate::sync) const ROOT: &str = "root.yaml";
/// What it may bring into the cluster, relative to the registry.
const PROJECT_FILE: &str = "project.yaml";
/// Argo CD itself, relative to the registry.
const COMPONENTS: &str = "argocd";
/// The Secret with the Git credential.
const REPOSITORY: &str = "kstack-repository";

/// Kinds of the install manifests that belong to no namespace.
const WITHOUT_NAMESPACE: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"];

/// Reads the files of `registry`.
///
/// # Errors
/// When a file is missing or broken, holds something else, or needs kustomize to be understood.
pub(in crate::sync) fn read(registry: &Path) -> Result<EngineFiles, SyncError> {
    let components = components(&registry.join(COMPONENTS))?;
    let one = |file: &str, kind: &str| {
        let path = registry.join(file);
        let mut objects = manifest::read(&path)?;
        match objects.pop().filter(|one| objects.is_empty() && one.object.group == GROUP && one.object.kind == kind) {
            Some(object) => Ok((object, path)),
            None => Err(wrong(path, format!("it needs one `{kind}` and nothing else"))),
        }
    };
    let (project, _) = one(PROJECT_FILE, PROJECT)?;
    let (application, path) = one(ROOT, APPLICATION)?;
    let root = root(&application).map_err(|reason| wrong(path, reason))?;
    Ok(EngineFiles { components, roots: vec![project, application], root })
}

fn root(application: &Desired) -> Result<RootSource, String> {
    Ok(RootSource {
        engine: Engine::ArgoCd,
        namespace: application.need("/metadata/namespace")?,
        name: application.object.name.clone(),
        url: application.need("/spec/source/repoURL")?,
        reference: application.need("/spec/source/targetRevision")?,
        path: application.need("/spec/source/path")?,
        secret: Some(REPOSITORY.to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kustomization {
    #[serde(rename = "apiVersion")]
    _api_version: Option<String>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    namespace: Option<String>,
    resources: Vec<PathBuf>,
    #[serde(default)]
    patches: Vec<PatchFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchFile {
    path: PathBuf,
}

fn components(folder: &Path) -> Result<Vec<Desired>, SyncError> {
    let path = folder.join("kustomization.yaml");
    let text = std::fs::read_to_string(&path).map_err(|source| SyncError::Read { path: path.clone(), source })?;
    let kustomization: Kustomization = serde_saphyr::from_str(&text).map_err(|error| {
        let message = error.to_string();
        let what = message.lines().next().unwrap_or_default().to_owned();
        wrong(
            path.clone(),
            format!("the hand-over understands `namespace`, `resources` and `patches` by `path`: {what}"),
        )
    })?;
    let mut objects = Vec::new();
    for file in &kustomization.resources {
        objects.extend(manifest::read(&folder.join(file))?);
    }
    for patch in &kustomization.patches {
        let path = folder.join(&patch.path);
        for patch in manifest::read(&path)? {
            let named = |object: &&mut Desired| object.kind == patch.kind && object.object.name == patch.object.name;
            match objects.iter_mut().find(named) {
                Some(object) => merge(&mut object.body, &patch.body).map_err(|reason| wrong(path.clone(), reason))?,
                None => return Err(wrong(path, format!("it changes `{}`, which is not there", patch.object))),
            }
        }
    }
    if let Some(namespace) = &kustomization.namespace {
        for desired in objects.iter_mut().filter(|one| !WITHOUT_NAMESPACE.contains(&one.object.kind.as_str())) {
            desired.object.namespace = Some(namespace.clone());
            desired.body["metadata"]["namespace"] = Value::String(namespace.clone());
        }
    }
    Ok(objects)
}

/// Merges maps. Lists are merged by keys that depend on the kind, which is for kustomize to know.
fn merge(into: &mut Value, patch: &Value) -> Result<(), String> {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                match value {
                    Value::Null => drop(into.remove(key)),
                    value => merge(into.entry(key.clone()).or_insert(Value::Null), value)?,
                }
            }
            Ok(())
        }
        (Value::Array(_), Value::Array(_)) => {
            Err("it changes a list, which the hand-over cannot merge: put the whole object into `resources`".to_owned())
        }
        (into, patch) => {
            *into = patch.clone();
            Ok(())
        }
    }
}

fn wrong(path: PathBuf, reason: String) -> SyncError {
    SyncError::Engine { engine: Engine::ArgoCd.title(), path, reason }
}
