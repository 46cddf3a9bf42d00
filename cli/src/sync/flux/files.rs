//! The files that Flux starts from: `flux-system/` in a cluster's registry.
//!
//! They are the files of `flux bootstrap`: `gotk-components.yaml` holds the engine itself and
//! `gotk-sync.yaml` a `GitRepository` and a `Kustomization` that point it at the registry, so the engine
//! manages what it was started from.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kinds::{GIT_REPOSITORY, KUSTOMIZATION, KUSTOMIZE_GROUP, SOURCE_GROUP};
use crate::sync::{
    Engine, EngineFiles, ObjectRef, RootSource, SyncError,
    manifest::{self, Desired},
};

/// The engine itself, relative to the registry.
pub const COMPONENTS: &str = "flux-system/gotk-components.yaml";
/// What points it at the registry, relative to the registry.
pub const SYNC: &str = "flux-system/gotk-sync.yaml";

impl RootSource {
    /// Flux's source.
    pub(in crate::sync) fn repository(&self) -> ObjectRef {
        ObjectRef::namespaced(SOURCE_GROUP, GIT_REPOSITORY, &self.namespace, &self.name)
    }

    /// Flux's root object.
    pub(in crate::sync) fn kustomization(&self) -> ObjectRef {
        ObjectRef::namespaced(KUSTOMIZE_GROUP, KUSTOMIZATION, &self.namespace, &self.name)
    }
}

/// Reads the files of `registry`.
///
/// # Errors
/// When a file is missing or broken, or `gotk-sync.yaml` is not one `GitRepository` and one
/// `Kustomization` of the same name that refers to it.
pub(in crate::sync) fn read(registry: &Path) -> Result<EngineFiles, SyncError> {
    let components = manifest::read(&registry.join(COMPONENTS))?;
    let path = registry.join(SYNC);
    files(components, manifest::read(&path)?, path)
}

fn files(components: Vec<Desired>, sync: Vec<Desired>, path: PathBuf) -> Result<EngineFiles, SyncError> {
    let engine = Engine::Flux.title();
    let (mut repository, mut kustomization) = (None, None);
    for desired in sync {
        let slot = match (desired.object.group.as_str(), desired.object.kind.as_str()) {
            (SOURCE_GROUP, GIT_REPOSITORY) => &mut repository,
            (KUSTOMIZE_GROUP, KUSTOMIZATION) => &mut kustomization,
            _ => {
                let reason = format!("it also holds `{}`", desired.object);
                return Err(SyncError::Engine { engine, path, reason });
            }
        };
        if let Some(first) = slot.replace(desired) {
            let reason = format!("it holds more than one {}", first.object.kind);
            return Err(SyncError::Engine { engine, path, reason });
        }
    }
    let (Some(repository), Some(kustomization)) = (repository, kustomization) else {
        let reason = "it needs a `GitRepository` and a `Kustomization`".to_owned();
        return Err(SyncError::Engine { engine, path, reason });
    };
    let root = root(&repository, &kustomization).map_err(|reason| SyncError::Engine { engine, path, reason })?;
    Ok(EngineFiles { components, roots: vec![repository, kustomization], root })
}

fn root(repository: &Desired, kustomization: &Desired) -> Result<RootSource, String> {
    let need = Desired::need;
    let (source, root) = (&repository.object, &kustomization.object);
    let namespace = need(repository, "/metadata/namespace")?;
    let refers = need(kustomization, "/spec/sourceRef/kind")? == GIT_REPOSITORY
        && need(kustomization, "/spec/sourceRef/name")? == source.name;
    if source.namespace != root.namespace || source.name != root.name || !refers {
        return Err(format!("`{root}` does not refer to `{source}`, or is not named like it"));
    }
    Ok(RootSource {
        engine: Engine::Flux,
        namespace,
        name: source.name.clone(),
        url: need(repository, "/spec/url")?,
        reference: reference(&repository.body)
            .ok_or_else(|| format!("`{source}` follows neither a branch, a tag nor a reference name"))?,
        path: need(kustomization, "/spec/path")?,
        secret: repository.text("/spec/secretRef/name").map(ToOwned::to_owned),
    })
}

/// The part of a revision before the `@`, where it can be known beforehand: not for a range of versions.
pub(super) fn reference(repository: &Value) -> Option<String> {
    let Some(reference) = repository.pointer("/spec/ref") else {
        return Some("master".to_owned()); // Flux's default
    };
    let field = |name: &str| reference.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // Flux's order of precedence: commit, name, semver, tag, branch. A pinned commit follows nothing.
    if field("commit").is_some() {
        return None;
    }
    let known = field("name").or_else(|| match field("semver") {
        Some(_) => None,
        None => field("tag").or_else(|| field("branch")),
    });
    known.map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m0s, ref: {branch: main}, secretRef: {name: flux-system}, url: https://example.com/p}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m0s, path: ./clusters/gc0/ops, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
";

    fn read(sync: &str) -> Result<EngineFiles, SyncError> {
        let path = PathBuf::from("gotk-sync.yaml");
        files(Vec::new(), manifest::parse(sync, &path)?, path)
    }

    #[test]
    fn the_root_is_read_from_the_file_that_flux_writes() {
        let files = read(ROOT).unwrap();
        let root = files.root();
        assert_eq!((root.url.as_str(), root.path.as_str()), ("https://example.com/p", "./clusters/gc0/ops"));
        assert_eq!(root.secret.as_deref(), Some("flux-system"));
        assert_eq!(root.revision("abc").as_str(), "main@sha1:abc");
        assert_eq!(root.repository().to_string(), "GitRepository/flux-system/flux-system");
    }

    #[test]
    fn a_revision_names_what_is_followed() {
        let revision = |reference: &str| {
            let files = read(&ROOT.replace("{branch: main}", reference))?;
            Ok::<_, SyncError>(files.root().revision("abc").to_string())
        };
        assert_eq!(revision("{tag: v1, branch: main}").unwrap(), "v1@sha1:abc");
        assert_eq!(revision("{name: refs/heads/deploy/ops}").unwrap(), "refs/heads/deploy/ops@sha1:abc");
        assert!(revision("{semver: '>=1'}").is_err());
        assert!(revision("{commit: abc, branch: main}").is_err());
    }

    #[test]
    fn what_flux_cannot_start_from_is_refused() {
        let cases = [
            (ROOT.split("---").next().unwrap().to_owned(), "it needs a `GitRepository` and a `Kustomization`"),
            (
                ROOT.replace("kind: GitRepository, name: flux-system", "kind: GitRepository, name: other"),
                "`Kustomization/flux-system/flux-system` does not refer to `GitRepository/flux-system/flux-system`, or is not named like it",
            ),
            (
                ROOT.replace("path: ./clusters/gc0/ops, ", ""),
                "`Kustomization/flux-system/flux-system` has no `spec.path`",
            ),
            (format!("{ROOT}---\n{ROOT}"), "it holds more than one GitRepository"),
        ];
        for (sync, reason) in cases {
            let error = read(&sync).unwrap_err().to_string();
            assert_eq!(error, format!("`gotk-sync.yaml` does not describe how Flux starts: {reason}"));
        }
    }
}
