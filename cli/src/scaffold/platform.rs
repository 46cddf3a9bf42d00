//! A whole platform: which template becomes which files.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{
    Answers, Assets, ChangeSet, Field, Places, Problem, ScaffoldError, Service,
    bootstrap::{self, BootstrapValues},
    catalogue::{Catalogue, files::Source},
    registry::{self, Entry},
    template::Renderer,
    values::{ClusterValues, EnvironmentValues, PlatformValues, Scope},
};
use crate::platform::{Engine, layout};

/// The release of Flux that new platforms get.
pub const FLUX_VERSION: &str = "2.7.3";
/// The release of Argo CD that new platforms get.
pub const ARGOCD_VERSION: &str = "3.2.1";

/// Renders a new platform. `engine_manifests` is the text of the engine's install manifests, which
/// every registry holds a copy of, as the engine's own bootstrap does it.
///
/// # Errors
/// [`ScaffoldError::Answers`] with everything that is wrong with the answers; the other variants
/// only for templates that were not the embedded ones.
pub fn platform(answers: &Answers, assets: &Assets, engine_manifests: &str) -> Result<ChangeSet, ScaffoldError> {
    let catalogue = Catalogue::read(assets)?;
    let mut values = checked(answers, &catalogue)?;
    values.engine.digest = Some(digest(engine_manifests));
    let mut writer = Writer { assets, renderer: Renderer::new()?, changes: ChangeSet::new() };
    let scope = Scope { platform: &values, environment: None, cluster: None, bootstrap: None };

    writer.group("platform", "", scope)?;
    if let Some(forge) = values.forge {
        writer.group("forge/common", "", scope)?;
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
            writer.registry(&registry, Scope { environment: Some(environment), ..scope }, cluster, environment)?;
            let components = match answers.engine {
                Engine::Flux { .. } => format!("{registry}flux-system/gotk-components.yaml"),
                Engine::ArgoCd { .. } => format!("{registry}argocd/install.yaml"),
            };
            writer.changes.add(components, engine_manifests.as_bytes().to_vec())?;
        }
    }
    writer.services(answers, &values)?;
    writer.overlays("app/hello", &format!("{}/hello", layout::APPS), scope, &values)?;
    for (path, bytes) in Assets::modules().filter(|(path, _)| is_vendored(path, answers)) {
        writer.changes.add(format!("{}/{path}", layout::MODULES), bytes)?;
    }
    Ok(writer.changes)
}

/// A digest as the lock file writes it.
fn digest(text: &str) -> String {
    let hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// What templates see, of answers that have no problems.
fn checked<'a>(answers: &'a Answers, catalogue: &'a Catalogue) -> Result<PlatformValues<'a>, ScaffoldError> {
    let mut problems = answers.problems();
    problems.extend(bootstrap::problem(answers));
    if answers.argo_workflows && answers.state.is_local() {
        let message = "`--argo-workflows` needs state that is not on this machine".to_owned();
        problems.push(Problem { field: Field::State, message });
    }
    match answers.base_environment() {
        Some(base) if problems.is_empty() => PlatformValues::new(answers, base, catalogue),
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
    let catalogue = Catalogue::read(assets)?;
    let values = checked(answers, &catalogue)?;
    let scope = Scope { platform: &values, environment: None, cluster: None, bootstrap: None };
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

    /// The registry of a cluster in an environment: what the engine starts from, and what the cluster has.
    fn registry(
        &mut self,
        folder: &str,
        scope: Scope<'_>,
        cluster: &ClusterValues<'_>,
        environment: &EnvironmentValues<'_>,
    ) -> Result<(), ScaffoldError> {
        let assets = self.assets;
        let name = environment.name;
        let engine = scope.platform.engine.kind;
        let group = format!("registry/{engine}");
        let waves = registry::waves(&cluster.services);
        let after_all = waves.values().max().map_or(0, |last| last + 1);
        for (file, text) in assets.below(&group) {
            let entries = match file {
                registry::SERVICES => {
                    let provider = Some(cluster.provider);
                    let of = |service: &&Service| Entry::of_service(assets, service, name, provider);
                    cluster.services.iter().map(of).collect()
                }
                registry::APPS => vec![Entry::of_app("hello", name, vec!["scheduling".into(), "tenancy".into()])],
                _ => Vec::new(),
            };
            let mut text = self.rendered(&format!("{group}/{file}"), text, scope)?;
            for entry in entries {
                let wave = waves.get(entry.name.as_str()).copied().unwrap_or(after_all);
                let (stack, repository) = (cluster.stack.as_str(), scope.platform.repository);
                let branch = environment.branch.as_str();
                let site = registry::Site { engine, stack, environment: name, repository, branch, wave };
                text.push_str(&entry.text(assets, &self.renderer, &site)?);
            }
            self.changes.add(format!("{folder}{file}"), text.into_bytes())?;
        }
        Ok(())
    }

    /// The services that the clusters have, and what differs in the clouds that they are in.
    fn services(&mut self, answers: &Answers, values: &PlatformValues<'_>) -> Result<(), ScaffoldError> {
        let providers: BTreeSet<_> = values.clusters.iter().map(|cluster| cluster.provider).collect();
        for service in &values.services {
            let source = Source { assets: self.assets, renderer: &self.renderer, own: &[] };
            let used = providers.iter().copied().filter(|provider| service.works_on(Some(*provider)));
            let environments = answers.environments.iter().map(|environment| &environment.name);
            for (path, text) in source.files(service, environments, used)? {
                self.changes.add(path, text.into_bytes())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, template: &str, target: String, text: &[u8], scope: Scope<'_>) -> Result<(), ScaffoldError> {
        let rendered = self.rendered(template, text, scope)?;
        // A template that is all condition is no file where the condition does not hold.
        if rendered.trim().is_empty() && !text.is_empty() {
            return Ok(());
        }
        self.changes.add(target, rendered.into_bytes())
    }

    fn rendered(&self, template: &str, text: &[u8], scope: Scope<'_>) -> Result<String, ScaffoldError> {
        let text = std::str::from_utf8(text).map_err(|_| ScaffoldError::NotText { template: template.to_owned() })?;
        self.renderer.render(template, text, &scope)
    }
}
