//! Whether a registry agrees with the platform: what Flux follows, and where it starts.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::{Environment, Platform},
};

use super::{
    Files,
    files::resolve,
    yaml::{self, Manifests},
};

/// Checks the registry `folder`, from which the engine in `environment` starts.
pub(super) fn check(
    files: &Files,
    manifests: &mut Manifests,
    platform: &Platform,
    environment: &Environment,
    folder: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let mut objects: Vec<(Arc<SourceFile>, Value)> = Vec::new();
    // A file that cannot be read may hold what others wait for.
    let mut complete = true;
    for file in files.below(folder).filter(|file| yaml::is_manifest(&file.path)) {
        let Ok(documents) = manifests.documents(file) else {
            complete = false;
            continue;
        };
        let flux = |document: &&Value| {
            document["apiVersion"].as_str().is_some_and(|version| version.contains(".toolkit.fluxcd.io/"))
        };
        objects.extend(documents.iter().filter(flux).map(|document| (Arc::clone(file), document.clone())));
    }
    let names: BTreeSet<String> = objects
        .iter()
        .filter(|(_, object)| object["kind"] == "Kustomization")
        .filter_map(|(_, object)| object["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    for (file, object) in &objects {
        let root = object["metadata"]["name"] == "flux-system";
        match object["kind"].as_str() {
            Some("GitRepository") if root => source(file, object, platform, environment, problems),
            Some("Kustomization") => {
                let from_here = object["spec"]["sourceRef"]["name"] == "flux-system";
                if root {
                    start(file, object, folder, problems);
                } else if from_here {
                    path(files, file, object, problems);
                }
                if complete {
                    depends(file, object, folder, &names, problems);
                }
            }
            _ => {}
        }
    }
}

/// The repository and the branch that the engine pulls.
fn source(
    file: &Arc<SourceFile>,
    object: &Value,
    platform: &Platform,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) {
    let branch = environment.engine_branch();
    for (key, found, wanted) in [
        ("branch", &object["spec"]["ref"]["branch"], branch.as_str()),
        ("url", &object["spec"]["url"], platform.repository.as_str()),
    ] {
        let found = found.as_str().unwrap_or_default();
        if found != wanted {
            let message = match key {
                "branch" => format!("the engine of `{}` follows the branch `{found}`", environment.name),
                _ => format!("the engine of `{}` pulls `{found}`", environment.name),
            };
            let mut span = yaml::find(file, Some(key), found);
            if span.is_empty() {
                span = yaml::find(file, None, "GitRepository");
            }
            problems.push(
                Diagnostic::new(file, span, message).with_help(format!("`kstack.hcl` says `{wanted}`: write that")),
            );
        }
    }
}

/// Where the engine starts.
fn start(file: &Arc<SourceFile>, object: &Value, folder: &str, problems: &mut Vec<Diagnostic>) {
    let found = object["spec"]["path"].as_str().unwrap_or_default();
    if resolve("", found).as_deref() != Some(folder) {
        problems.push(
            Diagnostic::new(file, yaml::find(file, Some("path"), found), format!("the engine starts from `{found}`"))
                .with_help(format!("this is the registry `./{folder}`: write that")),
        );
    }
}

/// The folder that an object applies.
fn path(files: &Files, file: &Arc<SourceFile>, object: &Value, problems: &mut Vec<Diagnostic>) {
    let found = object["spec"]["path"].as_str().unwrap_or("./");
    for component in object["spec"]["components"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let exists = resolve(&resolve("", found).unwrap_or_default(), component);
        if !exists.is_some_and(|path| files.has_folder(&path)) {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let message = format!("`{name}` adds the component `{component}`, which does not exist in `{found}`");
            problems.push(
                Diagnostic::new(file, yaml::find(file, None, component), message)
                    .with_help("create the folder, or take the component away"),
            );
        }
    }
    let exists = resolve("", found).is_some_and(|path| files.has_folder(&path));
    if !exists {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        problems.push(
            Diagnostic::new(
                file,
                yaml::find(file, None, found),
                format!("`{name}` applies the folder `{found}`, which does not exist"),
            )
            .with_help("create the folder, or take the object away"),
        );
    }
}

/// The objects that it waits for; one that does not exist is waited for for ever.
fn depends(
    file: &Arc<SourceFile>,
    object: &Value,
    folder: &str,
    names: &BTreeSet<String>,
    problems: &mut Vec<Diagnostic>,
) {
    for dependency in object["spec"]["dependsOn"].as_array().into_iter().flatten() {
        let elsewhere = dependency["namespace"].as_str().is_some_and(|namespace| namespace != "flux-system");
        let Some(name) = dependency["name"].as_str() else { continue };
        if !elsewhere && !names.contains(name) {
            let waiting = object["metadata"]["name"].as_str().unwrap_or_default();
            problems.push(
                Diagnostic::new(
                    file,
                    yaml::find(file, Some("dependsOn"), name),
                    format!("`{waiting}` waits for `{name}`, which is not in `{folder}`"),
                )
                .with_help(format!(
                    "known: {}",
                    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                )),
            );
        }
    }
}
