//! Whether everything that a kustomization names exists.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::layout,
};

use super::{
    Files,
    files::{parent, resolve},
    yaml::{self, Manifests},
};

/// The names a kustomization may have (kustomize's `RecognizedKustomizationFileNames`).
pub(super) const NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a reference may point at.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    /// A file, or a folder with a kustomization.
    Any,
    /// A file.
    File,
}

/// Follows the references of every kustomization.
pub(super) fn check(files: &Files, manifests: &mut Manifests, problems: &mut Vec<Diagnostic>) {
    for folder in [layout::CLUSTERS, layout::SERVICES, "apps"] {
        for file in files.below(folder) {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if !NAMES.contains(&name) {
                continue;
            }
            // A file that is no YAML was reported when it was read.
            let Ok(documents) = manifests.documents(file) else { continue };
            for document in documents.iter() {
                for (key, reference, target) in references(document) {
                    if let Some(problem) = wrong(files, file, key, &reference, target) {
                        problems.push(problem);
                    }
                }
            }
        }
    }
}

fn wrong(files: &Files, file: &Arc<SourceFile>, key: &str, reference: &str, target: Target) -> Option<Diagnostic> {
    if is_remote(reference) {
        return None;
    }
    let problem = |message: String| Diagnostic::new(file, yaml::find(file, Some(key), reference), message);
    let Some(path) = resolve(parent(&file.path), reference) else {
        return Some(problem(format!("`{reference}` lies outside the repository")));
    };
    if files.has_file(&path) {
        return None;
    }
    if target == Target::Any && files.has_folder(&path) {
        let kustomization = NAMES.iter().any(|name| files.has_file(&format!("{path}/{name}")));
        return (!kustomization)
            .then(|| problem(format!("the folder `{path}` has no `kustomization.yaml`")).with_help("add one"));
    }
    Some(problem(format!("`{path}` does not exist")).with_help("create it, or take the reference away"))
}

/// Remote bases are kustomize's to fetch: URLs, and `host/path` with a version.
fn is_remote(reference: &str) -> bool {
    reference.contains("://")
        || reference.contains("?ref=")
        || reference.starts_with("git@")
        || reference.starts_with("github.com/")
}

/// Local paths in a kustomization, each with the key it stands under.
fn references(document: &Value) -> Vec<(&'static str, String, Target)> {
    let mut found = Vec::new();
    let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
    for (key, target) in [
        ("resources", Target::Any),
        ("components", Target::Any),
        ("bases", Target::Any),
        ("generators", Target::Any),
        ("transformers", Target::Any),
        ("validators", Target::Any),
        ("crds", Target::File),
        ("configurations", Target::File),
    ] {
        found.extend(list(key).iter().filter_map(Value::as_str).map(|path| (key, path.to_owned(), target)));
    }
    for key in ["patches", "patchesJson6902", "replacements"] {
        found.extend(
            list(key).iter().filter_map(|item| item["path"].as_str()).map(|path| (key, path.to_owned(), Target::File)),
        );
    }
    // An item may also be the patch itself.
    let patches = list("patchesStrategicMerge");
    let inline = |text: &&str| text.contains('\n') || text.contains(": ");
    found.extend(
        patches
            .iter()
            .filter_map(Value::as_str)
            .filter(|text| !inline(text))
            .map(|path| ("patchesStrategicMerge", path.to_owned(), Target::File)),
    );
    for key in ["configMapGenerator", "secretGenerator"] {
        for generator in list(key) {
            for (item, named) in [("files", true), ("envs", false)] {
                for text in generator[item].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let path = if named { text.split_once('=').map_or(text, |(_, path)| path) } else { text };
                    found.push((key, path.to_owned(), Target::File));
                }
            }
            found.extend(generator["env"].as_str().map(|path| (key, path.to_owned(), Target::File)));
        }
    }
    found
}
