//! A whole platform: which template becomes which files.

use super::{
    Answers, Assets, ChangeSet, Field, Places, Problem, ScaffoldError,
    bootstrap::{self, BootstrapValues},
    template::Renderer,
    values::{PlatformValues, Scope},
};
use crate::platform::layout;

/// The release of Flux that new platforms get.
pub const FLUX_VERSION: &str = "2.7.3";

/// Renders a new platform. `engine_manifests` is the text of the engine's install manifests, which
/// every registry holds a copy of, as the engine's own bootstrap does it.
///
/// # Errors
/// [`ScaffoldError::Answers`] with everything that is wrong with the answers; the other variants
/// only for templates that were not the embedded ones.
pub fn platform(answers: &Answers, assets: &Assets, engine_manifests: &str) -> Result<ChangeSet, ScaffoldError> {
    let values = checked(answers)?;
    let mut writer = Writer { assets, renderer: Renderer::new()?, changes: ChangeSet::new() };
    let scope = Scope { platform: &values, environment: None, cluster: None, service: None, bootstrap: None };

    writer.group("platform", "", scope)?;
    if let Some(forge) = values.forge {
        writer.group(&format!("forge/{forge}"), "", scope)?;
    }
    if values.argo_workflows {
        writer.group("argo-workflows", "pipeline/argo-workflows/", scope)?;
    }
    for environment in &values.environments {
        let scope = Scope { environment: Some(environment), ..scope };
        // The one group whose files are called after the environment, not put into a folder of it.
        for (file, text) in assets.below("environment") {
            let target = format!("{}/{}", layout::ENVIRONMENTS, file.replace("environment", environment.name));
            writer.file(&format!("environment/{file}"), target, text, scope)?;
        }
    }
    if let Some(values) = &BootstrapValues::of(answers) {
        let scope = Scope { bootstrap: Some(values), ..scope };
        bootstrap::write(&mut writer, scope, values)?;
        if answers.manage_repository {
            bootstrap::write_repository(&mut writer, scope, values)?;
        }
    }
    for cluster in &values.clusters {
        let scope = Scope { cluster: Some(cluster), ..scope };
        let folder = format!("{}/{}/", layout::INFRA, cluster.stack);
        writer.group("stack/common", &folder, scope)?;
        writer.group(&format!("stack/{}", cluster.provider), &folder, scope)?;
        for environment in &values.environments {
            let registry = format!("{}/{}/{}/", layout::CLUSTERS, cluster.stack, environment.name);
            writer.group("registry", &registry, Scope { environment: Some(environment), ..scope })?;
            let components = format!("{registry}flux-system/gotk-components.yaml");
            writer.changes.add(components, engine_manifests.as_bytes().to_vec())?;
        }
    }
    for service in &values.services {
        let folder = format!("{}/{}", layout::SERVICES, service.name);
        writer.overlays(
            &format!("service/{}", service.name),
            &folder,
            Scope { service: Some(service), ..scope },
            &values,
        )?;
    }
    writer.overlays("app/hello", "apps/hello", scope, &values)?;
    for (path, bytes) in Assets::modules().filter(|(path, _)| is_vendored(path, answers)) {
        writer.changes.add(format!("{}/{path}", layout::MODULES), bytes)?;
    }
    Ok(writer.changes)
}

/// What templates see, of answers that have no problems.
fn checked(answers: &Answers) -> Result<PlatformValues<'_>, ScaffoldError> {
    let mut problems = answers.problems();
    problems.extend(bootstrap::problem(answers));
    if answers.argo_workflows && answers.state.is_local() {
        let message = "`--argo-workflows` needs state that is not on this machine".to_owned();
        problems.push(Problem { field: Field::State, message });
    }
    match answers.base_environment() {
        Some(base) if problems.is_empty() => PlatformValues::new(answers, base),
        _ => Err(ScaffoldError::Answers { problems, places: Places::default() }),
    }
}

/// Modules of clouds that the platform does not use are left out.
fn is_vendored(path: &str, answers: &Answers) -> bool {
    let of_clusters = match path.split_once('/') {
        Some(("common", _)) => true,
        Some((folder, _)) => answers.clusters.iter().any(|cluster| cluster.provider().name() == folder),
        None => false,
    };
    of_clusters || bootstrap::calls(answers, path)
}

/// The text of a file of answers that makes the same platform again; see [`super::Draft::read`].
///
/// # Errors
/// As [`platform`].
pub fn answers_file(answers: &Answers, assets: &Assets) -> Result<String, ScaffoldError> {
    let values = checked(answers)?;
    let scope = Scope { platform: &values, environment: None, cluster: None, service: None, bootstrap: None };
    let mut writer = Writer { assets, renderer: Renderer::new()?, changes: ChangeSet::new() };
    writer.group("answers", "", scope)?;
    let text: Vec<_> = writer.changes.files().map(|(_, file)| String::from_utf8_lossy(&file.content)).collect();
    Ok(text.concat())
}

pub(super) struct Writer<'a> {
    assets: &'a Assets,
    renderer: Renderer,
    changes: ChangeSet,
}

impl Writer<'_> {
    /// Renders every template of `group` to the same path below `prefix`.
    pub(super) fn group(&mut self, group: &str, prefix: &str, scope: Scope<'_>) -> Result<(), ScaffoldError> {
        let assets = self.assets;
        for (file, text) in assets.below(group) {
            self.file(&format!("{group}/{file}"), format!("{prefix}{file}"), text, scope)?;
        }
        Ok(())
    }

    /// Renders `base/` once, and `overlay/` for every environment.
    fn overlays(
        &mut self,
        group: &str,
        folder: &str,
        scope: Scope<'_>,
        values: &PlatformValues<'_>,
    ) -> Result<(), ScaffoldError> {
        self.group(&format!("{group}/base"), &format!("{folder}/base/"), scope)?;
        for environment in &values.environments {
            let scope = Scope { environment: Some(environment), ..scope };
            self.group(&format!("{group}/overlay"), &format!("{folder}/{}/", environment.name), scope)?;
        }
        Ok(())
    }

    fn file(&mut self, template: &str, target: String, text: &[u8], scope: Scope<'_>) -> Result<(), ScaffoldError> {
        let text = std::str::from_utf8(text).map_err(|_| ScaffoldError::NotText { template: template.to_owned() })?;
        let rendered = self.renderer.render(template, text, &scope)?;
        self.changes.add(target, rendered.into_bytes())
    }
}
