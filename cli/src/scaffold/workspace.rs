//! A platform that is there: the files that describe what clusters run, in memory, so that a change
//! of them is whole before it is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Edits, Provider, ScaffoldError, documents, registry::Site};
use crate::{
    hcl::did_you_mean,
    platform::{Engine, EnvironmentName, Platform, layout},
};

/// What of a repository says what clusters run, as it is and as it will be.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    /// What `kstack.hcl` says.
    pub(super) platform: Platform,
    registries: Vec<Registry>,
    before: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
}

/// The registry of a cluster in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The stack that makes the cluster.
    pub cluster: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Who runs the cluster, if the stack calls a module of kstack's.
    pub provider: Option<Provider>,
}

/// Which registries a command is about.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Clusters, by their stacks; all when there is none.
    pub clusters: Vec<String>,
    /// Environments; all when there is none.
    pub environments: Vec<String>,
}

/// What a registry lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name of the engine's object.
    pub name: String,
    /// The folder that is applied, relative to the repository.
    pub path: String,
    /// What it waits for.
    pub after: Vec<String>,
    /// The file that says so.
    pub(super) file: String,
}

impl Registry {
    /// Its folder, relative to the repository.
    pub fn folder(&self) -> String {
        format!("{}/{}/{}", layout::CLUSTERS, self.cluster, self.environment)
    }
}

impl Listed {
    /// Whether it is the service called `name`.
    pub fn is_service(&self, name: &str) -> bool {
        self.name == name && self.path.split_once('/').is_some_and(|(folder, _)| folder == layout::SERVICES)
    }
}

impl Workspace {
    /// Reads the repository at `root`, whose `kstack.hcl` says `platform` and whose clusters are `clusters`, by stack.
    ///
    /// # Errors
    /// [`ScaffoldError::Unreadable`] when a file cannot be read.
    pub fn read(
        root: &Path,
        platform: Platform,
        clusters: &BTreeMap<String, Option<Provider>>,
    ) -> Result<Self, ScaffoldError> {
        if let Engine::ArgoCd { .. } = platform.engine {
            return Err(ScaffoldError::OtherEngine { engine: platform.engine.title() });
        }
        let mut files = BTreeMap::new();
        for file in [layout::LOCK_FILE, "README.md"] {
            read(root, file, &mut files)?;
        }
        for folder in [layout::CLUSTERS, layout::SERVICES, layout::APPS] {
            walk(root, folder, &mut files)?;
        }
        let registry = |cluster: &String, provider: Option<Provider>, environment: &EnvironmentName| Registry {
            cluster: cluster.clone(),
            environment: environment.clone(),
            provider,
        };
        let all = clusters.iter().flat_map(|(cluster, provider)| {
            platform.environments.iter().map(move |environment| registry(cluster, *provider, &environment.name))
        });
        let exists =
            |registry: &Registry| files.keys().any(|path| path.starts_with(&format!("{}/", registry.folder())));
        let registries = all.filter(exists).collect();
        Ok(Self { root: root.to_owned(), platform, registries, before: files.clone(), files })
    }

    /// The registries that there are: clusters by name, environments in the order of promotion.
    pub fn registries(&self) -> &[Registry] {
        &self.registries
    }

    /// The registries that `selection` is about; never none.
    ///
    /// # Errors
    /// [`ScaffoldError::Unknown`] for a cluster or an environment that there is not.
    pub fn select(&self, selection: &Selection) -> Result<Vec<Registry>, ScaffoldError> {
        let clusters: Vec<&str> = self.registries.iter().map(|registry| registry.cluster.as_str()).collect();
        let environments: Vec<&str> =
            self.platform.environments.iter().map(|environment| environment.name.as_str()).collect();
        known("cluster", &selection.clusters, &clusters)?;
        known("environment", &selection.environments, &environments)?;
        let is_in = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        let selected = self.registries.iter().filter(|registry| {
            is_in(&selection.clusters, &registry.cluster)
                && is_in(&selection.environments, registry.environment.as_str())
        });
        let selected: Vec<Registry> = selected.cloned().collect();
        if selected.is_empty() { Err(ScaffoldError::NoRegistry) } else { Ok(selected) }
    }

    /// What `registry` lists now.
    pub fn listed(&self, registry: &Registry) -> Vec<Listed> {
        let folder = format!("{}/", registry.folder());
        let files = self.files.iter().filter(|(path, _)| {
            path.strip_prefix(&folder).is_some_and(|name| !name.contains('/') && name.ends_with(".yaml"))
        });
        let listed = files.flat_map(|(file, text)| {
            documents::documents(text).into_iter().filter_map(|(_, document)| listed(file, &document))
        });
        listed.collect()
    }

    /// The names of the services that have a folder.
    pub fn services(&self) -> BTreeSet<String> {
        let below = format!("{}/", layout::SERVICES);
        let folders = self.files.keys().filter_map(|path| path.strip_prefix(&below)?.split_once('/'));
        folders.map(|(name, _)| name.to_owned()).collect()
    }

    /// Where the entries of `registry` are written.
    pub(super) fn site<'a>(&'a self, registry: &'a Registry) -> Site<'a> {
        Site {
            engine: self.platform.engine.kind(),
            stack: &registry.cluster,
            environment: registry.environment.as_str(),
            repository: &self.platform.repository,
            branch: "",
            wave: 0,
        }
    }

    /// Adds an entry, one YAML document, to the file `name` of `registry`.
    pub(super) fn append(&mut self, registry: &Registry, name: &str, entry: &str) -> Result<(), ScaffoldError> {
        let path = format!("{}/{name}", registry.folder());
        let missing = || ScaffoldError::Missing { path: path.clone(), purpose: "it lists what the cluster has" };
        let text = self.files.get_mut(&path).ok_or_else(missing)?;
        *text = documents::with(text, entry);
        Ok(())
    }

    /// Takes the entry called `name` away from `registry`.
    pub(super) fn take(&mut self, registry: &Registry, entry: &Listed) {
        let folder = registry.folder();
        for (path, text) in &mut self.files {
            if path.starts_with(&folder) && *path == entry.file {
                *text = documents::without(text, |document| {
                    listed(path, document).is_some_and(|listed| listed.name == entry.name)
                });
            }
        }
    }

    /// Whether some file is below `folder`.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.files.keys().any(|path| path.starts_with(&folder))
    }

    /// Takes everything below `folder` away.
    pub(super) fn remove_folder(&mut self, folder: &str) {
        let folder = format!("{folder}/");
        self.files.retain(|path, _| !path.starts_with(&folder));
    }

    /// What was changed so far.
    pub fn edits(&self) -> Edits {
        Edits::between(&self.before, &self.files)
    }

    /// Makes the change.
    ///
    /// # Errors
    /// As [`Edits::commit`].
    pub fn commit(&self) -> Result<(), ScaffoldError> {
        self.edits().commit(&self.root)
    }
}

/// The entry that `document` is: a Flux Kustomization or an Argo CD Application of a folder.
fn listed(file: &str, document: &Value) -> Option<Listed> {
    let group = document["apiVersion"].as_str()?.split('/').next()?;
    let path = match (group, document["kind"].as_str()?) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => &document["spec"]["path"],
        ("argoproj.io", "Application") => &document["spec"]["source"]["path"],
        _ => return None,
    };
    let after = document["spec"]["dependsOn"].as_array().into_iter().flatten();
    Some(Listed {
        name: document["metadata"]["name"].as_str()?.to_owned(),
        path: layout::resolve("", path.as_str()?)?,
        after: after.filter_map(|other| other["name"].as_str().map(str::to_owned)).collect(),
        file: file.to_owned(),
    })
}

fn known(what: &'static str, names: &[String], known: &[&str]) -> Result<(), ScaffoldError> {
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let mut known = known.to_vec();
            known.dedup();
            Err(ScaffoldError::Unknown { what, name: name.clone(), help: did_you_mean(name, &known) })
        }
    }
}

/// The manifests in `folder`, by their path inside of it: those of a service of one's own.
///
/// # Errors
/// [`ScaffoldError::Unreadable`] when it cannot be read, [`ScaffoldError::NoManifests`] when it holds none.
pub fn manifests(folder: &Path) -> Result<Vec<(String, String)>, ScaffoldError> {
    let mut files = BTreeMap::new();
    walk(folder, ".", &mut files)?;
    let files: Vec<_> =
        files.into_iter().map(|(path, text)| (path.trim_start_matches("./").to_owned(), text)).collect();
    let is_manifest = |path: &str| path.ends_with(".yaml") || path.ends_with(".yml");
    if files.iter().any(|(path, _)| is_manifest(path)) {
        // With a kustomization of its own, other files may be what it generates from.
        let is_kustomized = files.iter().any(|(path, _)| path == "kustomization.yaml");
        return Ok(files.into_iter().filter(|(path, _)| is_kustomized || is_manifest(path)).collect());
    }
    Err(ScaffoldError::NoManifests { path: folder.to_owned() })
}

/// Reads the file at `path` below `root`; one that is not there, or no text, is left out.
fn read(root: &Path, path: &str, files: &mut BTreeMap<String, String>) -> Result<(), ScaffoldError> {
    match fs::read(root.join(path)).map(String::from_utf8) {
        Ok(Ok(text)) => drop(files.insert(path.to_owned(), text)),
        Ok(Err(_)) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(ScaffoldError::Unreadable { path: root.join(path), source }),
    }
    Ok(())
}

/// Reads what is below `folder`; links are not followed.
fn walk(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> Result<(), ScaffoldError> {
    let path = root.join(folder);
    let failed = |source| ScaffoldError::Unreadable { path: path.clone(), source };
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let inside = format!("{folder}/{name}");
        if kind.is_dir() {
            walk(root, &inside, files)?;
        } else if kind.is_file() {
            read(root, &inside, files)?;
        }
    }
    Ok(())
}
