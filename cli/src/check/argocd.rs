//! Whether a registry agrees with the platform and with itself: what Argo CD follows, where it starts, what it may bring,
//! and whether its waves wait.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::{Environment, Platform},
};

use super::{
    Files,
    files::resolve,
    yaml::{self, Manifests},
};

/// On a line of an AppProject, lets it hold a `*`: somebody has thought about it.
const OPTED_IN: &str = "kstack: allow wildcard";
/// Where the health of Applications is taught, which Argo CD does not know by itself.
const HEALTH: [&str; 2] = [
    "resource.customizations.health.argoproj.io_Application",
    "resource.customizations.health.argoproj.io_ApplicationSet",
];

/// Checks the registry `folder`, from which the engine in `environment` starts.
pub(super) fn check(
    files: &Files,
    manifests: &mut Manifests,
    (platform, environment): (&Platform, &Environment),
    folder: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let mut objects: Vec<(Arc<SourceFile>, Value)> = Vec::new();
    for file in files.below(folder).filter(|file| yaml::is_manifest(&file.path)) {
        // The release's file is checked by its digest.
        if file.path.ends_with("/argocd/install.yaml") {
            digest(files, file, problems);
            continue;
        }
        let Ok(documents) = manifests.documents(file) else { continue };
        objects.extend(documents.iter().map(|document| (Arc::clone(file), document.clone())));
    }
    let health = objects.iter().find(|(_, object)| object["metadata"]["name"] == "argocd-cm");
    let taught = |kind: &str| {
        let key = HEALTH.iter().find(|key| key.ends_with(&format!("_{kind}")));
        key.is_none_or(|key| health.is_some_and(|(_, object)| object["data"][*key].is_string()))
    };
    for (file, object) in &objects {
        let kind = object["kind"].as_str().unwrap_or_default();
        match kind {
            "AppProject" => project(file, object, problems),
            "Application" | "ApplicationSet" => {
                let spec = if kind == "Application" { &object["spec"] } else { &object["spec"]["template"]["spec"] };
                sources(files, file, spec, (platform, environment), problems);
                if object["metadata"]["name"] == "registry" {
                    start(file, spec, folder, problems);
                }
                let wave = "argocd.argoproj.io/sync-wave";
                if object["metadata"]["annotations"][wave].is_string() && !taught(kind) {
                    problems.push(
                        Diagnostic::new(
                            file,
                            yaml::find(file, None, wave),
                            format!("the wave of this {kind} waits for nothing: Argo CD knows no health of it"),
                        )
                        .with_help(format!(
                            "add the check `resource.customizations.health.argoproj.io_{kind}` to `{folder}/argocd/settings.yaml`"
                        )),
                    );
                }
                if kind == "ApplicationSet" {
                    template(file, object, problems);
                }
            }
            _ => {}
        }
    }
}

/// The install manifests are those of the lock file, where that knows their digest.
fn digest(files: &Files, file: &Arc<SourceFile>, problems: &mut Vec<Diagnostic>) {
    let Some(lock) = files.text("kstack.lock.hcl") else { return };
    let block = lock.text.split("engine \"argocd\"").nth(1).unwrap_or_default();
    let line = block.lines().map(str::trim).take_while(|line| *line != "}").find(|line| line.starts_with("digest"));
    let Some(wanted) = line.and_then(|line| line.split('"').nth(1)) else { return };
    let hex: String = Sha256::digest(&file.text).iter().map(|byte| format!("{byte:02x}")).collect();
    let found = format!("sha256:{hex}");
    if found != wanted {
        problems.push(
            Diagnostic::new(file, 0..0, "this is not the file that `kstack.lock.hcl` has the digest of").with_help(
                format!(
                    "its digest is `{found}`: change settings in `settings.yaml` beside it, or record a new version"
                ),
            ),
        );
    }
}

/// A project that lets everything in from everywhere limits nothing.
fn project(file: &Arc<SourceFile>, object: &Value, problems: &mut Vec<Diagnostic>) {
    let spec = &object["spec"];
    let list = |key: &str| spec[key].as_array().cloned().unwrap_or_default();
    let named = |key: &'static str, field: &'static str| {
        let values = list(key);
        let values = values.iter().filter_map(|value| value[field].as_str().map(str::to_owned));
        values.map(|value| (key, value)).collect::<Vec<_>>()
    };
    let mut found: Vec<(&str, String)> =
        list("sourceRepos").iter().filter_map(|value| Some(("sourceRepos", value.as_str()?.to_owned()))).collect();
    for field in ["server", "name", "namespace"] {
        found.extend(named("destinations", field));
    }
    found.extend(named("clusterResourceWhitelist", "group"));
    found.extend(named("clusterResourceWhitelist", "kind"));
    for (key, value) in found.into_iter().filter(|(_, value)| value.contains('*')) {
        let span = yaml::find(file, Some(key), &value);
        let line = file.line_of(span.start);
        let text = file.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        if text.contains(OPTED_IN) {
            continue;
        }
        problems.push(
            Diagnostic::new(file, span, format!("`{key}` of the project lets in everything that `{value}` fits"))
                .with_help(format!("list what is meant, or write `# {OPTED_IN}` behind it")),
        );
    }
}

/// The repository, the branch and the folders that are applied.
fn sources(
    files: &Files,
    file: &Arc<SourceFile>,
    spec: &Value,
    (platform, environment): (&Platform, &Environment),
    problems: &mut Vec<Diagnostic>,
) {
    let several = spec["sources"].as_array().cloned().unwrap_or_else(|| vec![spec["source"].clone()]);
    for source in several.iter().filter(|source| source["chart"].is_null()) {
        let text = |key: &str| source[key].as_str().unwrap_or_default();
        if text("repoURL") != platform.repository {
            // Another repository is the user's own affair; the project says whether it may be used.
            continue;
        }
        let branch = environment.engine_branch();
        if text("targetRevision") != branch {
            let found = text("targetRevision");
            let message = format!("the engine of `{}` follows the branch `{found}`", environment.name);
            problems.push(
                Diagnostic::new(file, yaml::find(file, Some("targetRevision"), found), message)
                    .with_help(format!("`kstack.hcl` says `{branch}`: write that")),
            );
        }
        let path = text("path");
        if !path.is_empty() && !path.contains("{{") && !resolve("", path).is_some_and(|path| files.has_folder(&path)) {
            let message = format!("the folder `{path}`, which is applied here, does not exist");
            problems.push(
                Diagnostic::new(file, yaml::find(file, Some("path"), path), message)
                    .with_help("create the folder, or take the object away"),
            );
        }
    }
}

/// Where the engine starts.
fn start(file: &Arc<SourceFile>, spec: &Value, folder: &str, problems: &mut Vec<Diagnostic>) {
    let found = spec["source"]["path"].as_str().unwrap_or_default();
    if resolve("", found).as_deref() != Some(folder) {
        problems.push(
            Diagnostic::new(file, yaml::find(file, Some("path"), found), format!("the engine starts from `{found}`"))
                .with_help(format!("this is the registry `{folder}`: write that")),
        );
    }
}

/// A template whose missing values are errors, and whose names are ones.
fn template(file: &Arc<SourceFile>, object: &Value, problems: &mut Vec<Diagnostic>) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let options = object["spec"]["goTemplateOptions"].as_array().cloned().unwrap_or_default();
    if object["spec"]["goTemplate"] != true || !options.iter().any(|option| option == "missingkey=error") {
        problems.push(
            Diagnostic::new(
                file,
                yaml::find(file, None, name),
                format!("`{name}` fills in nothing where a value is missing"),
            )
            .with_help("set `goTemplate: true` and `goTemplateOptions: [missingkey=error]`"),
        );
    }
    let called = object["spec"]["template"]["metadata"]["name"].as_str().unwrap_or_default();
    if called.contains(".name }}") || called.contains(".name}}") {
        problems.push(
            Diagnostic::new(
                file,
                yaml::find(file, None, ".name"),
                format!("what `{name}` makes is called by a name that may be none"),
            )
            .with_help("use `{{ .nameNormalized }}`: names of clusters may hold `_`, those of objects may not"),
        );
    }
}
