//! Registries: which services and apps a cluster has, in the words of its engine.
//!
//! An entry is written here and nowhere else, from what every engine has to know about it.

use serde::Serialize;

use super::{Assets, Provider, ScaffoldError, Service, catalogue::files, template::Renderer};
use crate::platform::layout;

/// The file of a registry that lists services.
pub(super) const SERVICES: &str = "services.yaml";
/// The file of a registry that lists apps.
pub(super) const APPS: &str = "apps.yaml";

/// Something that an engine applies from a folder of the repository.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// What the engine's object is called.
    pub(super) name: String,
    /// The folder that is applied, relative to the repository.
    pub(super) path: String,
    /// A component to add, relative to `path`.
    pub(super) component: Option<String>,
    /// Entries of the same registry that must be ready before.
    pub(super) after: Vec<String>,
    /// How long the engine waits until everything is ready, such as `5m`.
    pub(super) timeout: String,
    /// Files in it may be encrypted with SOPS.
    pub(super) sops: bool,
}

#[derive(Serialize)]
struct Scope<'a> {
    entry: &'a Entry,
}

impl Entry {
    /// The entry of `service` for a cluster of `provider` in `environment`.
    pub(super) fn of_service(
        assets: &Assets,
        service: &Service,
        environment: &str,
        provider: Option<Provider>,
    ) -> Self {
        let differs = files::has_component(assets, &service.name, provider);
        Self {
            name: service.name.clone(),
            path: format!("{}/{}/{environment}", layout::SERVICES, service.name),
            component: provider.filter(|_| differs).map(files::component),
            after: service.requires.clone(),
            timeout: service.timeout.clone(),
            sops: false,
        }
    }

    /// The entry of the app called `name` in `environment`.
    pub(super) fn of_app(name: &str, environment: &str, after: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            path: format!("{}/{name}/{environment}", layout::APPS),
            component: None,
            after,
            timeout: "5m".to_owned(),
            sops: false,
        }
    }

    /// The text that a registry holds for it: one document, with the line that begins it.
    pub(super) fn text(&self, assets: &Assets, renderer: &Renderer) -> Result<String, ScaffoldError> {
        assets.render(renderer, "entry/flux.yaml", &Scope { entry: self })
    }
}
