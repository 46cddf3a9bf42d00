//! Registries: which services and apps a cluster has, in the words of its engine.
//!
//! An entry is written here and nowhere else, from what every engine has to know about it.

use std::collections::BTreeMap;

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

/// Where an entry is written.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Site<'a> {
    /// The engine: `flux` or `argocd`.
    pub(super) engine: &'static str,
    /// The cluster's stack.
    pub(super) stack: &'a str,
    /// The environment.
    pub(super) environment: &'a str,
    /// Where the engine pulls the repository from.
    pub(super) repository: &'a str,
    /// The branch that it follows.
    pub(super) branch: &'a str,
    /// The place of the entry in the order.
    pub(super) wave: usize,
}

#[derive(Serialize)]
struct Scope<'a> {
    entry: &'a Entry,
    site: &'a Site<'a>,
}

/// The place of each service in the order: one after the last of those that it needs.
pub(super) fn waves<'a>(services: &[&'a Service]) -> BTreeMap<&'a str, usize> {
    let mut waves: BTreeMap<&str, usize> = BTreeMap::new();
    // Each round settles those whose needs are settled; a circle would end as well.
    for _ in services {
        for service in services {
            let last = service.requires.iter().filter_map(|name| waves.get(name.as_str())).max().copied();
            waves.insert(&service.name, last.map_or(0, |last| last + 1));
        }
    }
    waves
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
    pub(super) fn text(&self, assets: &Assets, renderer: &Renderer, site: &Site<'_>) -> Result<String, ScaffoldError> {
        assets.render(renderer, &format!("entry/{}.yaml", site.engine), &Scope { entry: self, site })
    }
}
