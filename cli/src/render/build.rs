//! One build: a folder and what a Flux Kustomization adds to it, through kustomize.
//!
//! Flux edits the folder's kustomization.yaml in place. We build a kustomization around the folder
//! instead, which leaves the tree as it is and lets builds run side by side. Asked for, kustomize
//! tells which file each object comes from; that annotation is taken off again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{
    Kustomize, RenderError,
    cache::{Cache, Key},
    flux::Kustomization,
    inputs::{Inputs, kustomization_file, manifests},
    tree::{Target, Tree, clean, way},
    yaml,
};

const ORIGIN: &str = "config.kubernetes.io/origin";

/// An object as kustomize printed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Built {
    /// The object.
    pub(super) object: Value,
    /// The file it comes from.
    pub(super) file: Option<String>,
}

/// What builds need.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) program: Kustomize,
    pub(super) cache: Cache,
    pub(super) permits: Semaphore,
}

impl Builder {
    /// The objects of `kustomization`, before substitution.
    pub(super) async fn build(
        &self,
        tree: &Tree,
        kustomization: &Kustomization,
    ) -> Result<std::sync::Arc<Vec<Built>>, RenderError> {
        let folder = tree.folder(&kustomization.path, &kustomization.described())?;
        let job = Job::new(tree, &folder, kustomization)?;
        if job.resources.is_empty() {
            return Ok(std::sync::Arc::default());
        }
        let components: Vec<_> = job.components.clone();
        let inputs = Inputs::collect(tree, &folder, &components)?;
        if !inputs.complete {
            return self.run(tree, &job).await.map(std::sync::Arc::new);
        }
        let settings = job.settings.to_string();
        let listed = job.components.iter().map(|path| tree.relative(path)).collect::<Vec<_>>().join("\n");
        let head = ["kstack render 1", self.program.identity(), &tree.relative(&folder), &settings, &listed];
        let files = inputs.files.iter().flat_map(|(path, hash)| [path.as_bytes(), hash.as_slice()]);
        let key = Key::of(head.into_iter().map(str::as_bytes).chain(files));
        self.cache.get(&key, self.run(tree, &job)).await
    }

    async fn run(&self, tree: &Tree, job: &Job<'_>) -> Result<Vec<Built>, RenderError> {
        // A semaphore that is never closed always gives.
        let _permit = self.permits.acquire().await.ok();
        let around = tempfile::tempdir().map_err(RenderError::io(std::env::temp_dir()))?;
        let folder = around.path().canonicalize().map_err(RenderError::io(around.path()))?;
        let file = folder.join("kustomization.yaml");
        fs::write(&file, job.around(&folder).to_string()).map_err(RenderError::io(&file))?;
        let path = tree.relative(job.folder);
        let text = self
            .program
            .build(&folder)
            .await?
            .map_err(|message| RenderError::Build { path: path.clone(), message: told(&message, tree, &folder) })?;
        let objects = yaml::documents(&format!("the objects of {path}"), &text)?;
        Ok(objects.into_iter().map(|object| built(object, tree, &folder)).collect())
    }
}

/// A kustomization around a folder.
struct Job<'a> {
    folder: &'a Path,
    resources: Vec<PathBuf>,
    components: Vec<PathBuf>,
    /// Everything but the paths.
    settings: Value,
}

impl<'a> Job<'a> {
    fn new(tree: &Tree, folder: &'a Path, kustomization: &Kustomization) -> Result<Self, RenderError> {
        let resources = match kustomization_file(folder) {
            Some(_) => vec![folder.to_owned()],
            None => manifests(tree, folder)?
                .into_iter()
                .filter_map(|target| match target {
                    Target::File(path) | Target::Folder(path) => Some(path),
                    Target::Nothing => None,
                })
                .collect(),
        };
        let mut components = Vec::new();
        let described = kustomization.described();
        for component in &kustomization.components {
            match tree.resolve(folder, &described, component)? {
                Target::Folder(path) | Target::File(path) => components.push(path),
                Target::Nothing if kustomization.ignore_missing_components => {}
                Target::Nothing => {
                    return Err(RenderError::Missing { file: described, reference: component.clone() });
                }
            }
        }
        Ok(Self { folder, resources, components, settings: kustomization.settings() })
    }

    fn around(&self, from: &Path) -> Value {
        let ways = |paths: &[PathBuf]| {
            paths.iter().map(|path| way(from, path).to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        let mut file = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "buildMetadata": ["originAnnotations"],
            "resources": ways(&self.resources), "components": ways(&self.components),
        });
        if let (Some(file), Value::Object(settings)) = (file.as_object_mut(), self.settings.clone()) {
            file.extend(settings);
        }
        file
    }
}

fn built(mut object: Value, tree: &Tree, around: &Path) -> Built {
    let origin = take_origin(&mut object);
    let file = origin.and_then(|origin| {
        let origin = yaml::documents(ORIGIN, &origin).ok()?.into_iter().next()?;
        let path = origin["path"].as_str().or_else(|| origin["configuredIn"].as_str())?;
        Some(tree.relative(&clean(&around.join(path))))
    });
    Built { object, file }
}

/// Takes the annotation off, and with it the map if it is empty then: it was not there before.
fn take_origin(object: &mut Value) -> Option<String> {
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let origin = annotations.shift_remove(ORIGIN)?;
    if annotations == &Map::new() {
        metadata.shift_remove("annotations");
    }
    origin.as_str().map(str::to_owned)
}

/// kustomize's message with our own folders left out, and everything in braces: it prints whole
/// objects, which may be Secrets.
fn told(message: &str, tree: &Tree, around: &Path) -> String {
    let mut depth = 0_usize;
    let mut kept = String::new();
    for character in message.trim().trim_start_matches("error: ").trim_start_matches("Error: ").chars() {
        match character {
            '{' => {
                if depth == 0 {
                    kept.push_str("{…}");
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            other if depth == 0 => kept.push(other),
            _ => {}
        }
    }
    let root = format!("{}/", tree.root().display());
    let way = format!("{}/", way(around, tree.root()).display());
    let kept = kept.replace(&root, "").replace(&way, "").replace(&around.display().to_string(), "…");
    kept.chars().take(1500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_no_objects() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let message = "error: Object 'Kind' is missing in '{\"data\":{\"password\":\"hunter2\"}}' while {{";
        assert_eq!(told(message, &tree, Path::new("/x")), "Object 'Kind' is missing in '{…}' while {…}");
    }
}
