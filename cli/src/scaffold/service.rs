//! Services of a platform that is there: adding and taking away.

use std::collections::BTreeSet;

use super::{
    Assets, Catalogue, Need, Provider, Registry, ScaffoldError, Selection, Service, Workspace,
    catalogue::files::{Rendered, Source, has_component},
    lock, readme,
    registry::{self, Entry},
    template::Renderer,
};
use crate::{
    hcl::did_you_mean,
    platform::{EnvironmentName, layout},
};

/// A service to add, with what it is made from.
#[derive(Debug)]
pub struct NewService {
    service: Service,
    own: Vec<Rendered>,
}

impl NewService {
    /// A service that is not in the catalogue: `own` are its manifests, by path below `base/`, and values of its
    /// charts, as `values/<chart>.yaml`.
    ///
    /// # Errors
    /// [`ScaffoldError::InCatalogue`] when the catalogue has one of that name.
    pub fn custom(catalogue: &Catalogue, service: Service, own: Vec<Rendered>) -> Result<Self, ScaffoldError> {
        match catalogue.find(&service.name) {
            Some(_) => Err(ScaffoldError::InCatalogue { name: service.name }),
            None => Ok(Self { service, own }),
        }
    }
}

/// What adding came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// The services that were added to some registry, in the order in which they become ready.
    pub services: Vec<String>,
    /// The registries that something was added to.
    pub registries: Vec<Registry>,
    /// Registries of clusters that the service does not work on.
    pub unfit: Vec<Registry>,
    /// What has to be there that kstack does not make.
    pub needs: Vec<Need>,
    /// Services that may be wanted as well.
    pub suggests: Vec<String>,
}

/// Adds the service of the catalogue called `name`, and what it requires, to the registries of `selection`.
///
/// # Errors
/// [`ScaffoldError::Unknown`], [`ScaffoldError::Unfit`] when no cluster that was chosen can run it,
/// [`ScaffoldError::Missing`] when a registry lacks the file that lists services.
pub fn add_service(
    workspace: &mut Workspace,
    assets: &Assets,
    name: &str,
    selection: &Selection,
    sops: bool,
) -> Result<Added, ScaffoldError> {
    let catalogue = Catalogue::read(assets)?;
    let services = match catalogue.with_requirements(name) {
        // One of the platform's own is added to further clusters like any other.
        Err(error) => match own_service(workspace, name) {
            Some(service) => return add(workspace, assets, &[&service], &[], selection, sops),
            None => return Err(error),
        },
        Ok(services) => services,
    };
    add(workspace, assets, &services, &[], selection, sops)
}

/// As [`add_service`], for a service that is not in the catalogue.
///
/// # Errors
/// As [`add_service`].
pub fn add_custom_service(
    workspace: &mut Workspace,
    assets: &Assets,
    new: &NewService,
    selection: &Selection,
    sops: bool,
) -> Result<Added, ScaffoldError> {
    add(workspace, assets, &[&new.service], &new.own, selection, sops)
}

/// The service whose folder the platform has, though the catalogue does not.
fn own_service(workspace: &Workspace, name: &str) -> Option<Service> {
    workspace.has_folder(&format!("{}/{name}/base", layout::SERVICES)).then(|| Service::bare(name))
}

/// Adds `services`, of which the last one was asked for and the others are what it requires.
fn add(
    workspace: &mut Workspace,
    assets: &Assets,
    services: &[&Service],
    own: &[Rendered],
    selection: &Selection,
    sops: bool,
) -> Result<Added, ScaffoldError> {
    let renderer = Renderer::new()?;
    let Some(wanted) = services.last() else { return Ok(Added::default()) };
    let selected = workspace.select(selection)?;
    let (fit, unfit): (Vec<_>, Vec<_>) = selected.into_iter().partition(|registry| wanted.works_on(registry.provider));
    if fit.is_empty() || (!selection.clusters.is_empty() && !unfit.is_empty()) {
        let clusters: BTreeSet<String> = unfit.into_iter().map(|registry| registry.cluster).collect();
        return Err(ScaffoldError::Unfit {
            name: wanted.name.clone(),
            clusters: clusters.into_iter().collect(),
            providers: wanted.providers.iter().map(|provider| provider.title()).collect(),
        });
    }
    let mut added = Added { unfit, suggests: wanted.suggests.clone(), ..Added::default() };
    for service in services {
        let mut is_new = false;
        for registry in &fit {
            if workspace.listed(registry).iter().any(|listed| listed.name == service.name) {
                continue;
            }
            let entry = Entry::of_service(assets, service, registry.environment.as_str(), registry.provider);
            let entry = Entry { sops: sops && service.name == wanted.name, ..entry };
            let text = entry.text(assets, &renderer, &workspace.site(registry))?;
            workspace.append(registry, registry::SERVICES, &text)?;
            is_new = true;
            if !added.registries.contains(registry) {
                added.registries.push(registry.clone());
            }
        }
        let source = Source { assets, renderer: &renderer, own: if service.name == wanted.name { own } else { &[] } };
        write_files(workspace, &source, service, &fit)?;
        for chart in &service.charts {
            if let Some(text) = workspace.files.get_mut(layout::LOCK_FILE) {
                *text = lock::with(text, chart)?;
            }
        }
        if is_new {
            readme::list(workspace, &service.name, &service.description);
            added.services.push(service.name.clone());
            let here = |need: &&Need| fit.iter().any(|registry| registry.provider == Some(need.provider));
            added.needs.extend(service.needs.iter().filter(here).cloned());
        }
    }
    added.suggests.retain(|name| !workspace.has_folder(&format!("{}/{name}", layout::SERVICES)));
    Ok(added)
}

/// Writes what the folder of `service` lacks for `registries`. What is there is the user's and stays.
fn write_files(
    workspace: &mut Workspace,
    source: &Source<'_>,
    service: &Service,
    registries: &[Registry],
) -> Result<(), ScaffoldError> {
    let folder = format!("{}/{}", layout::SERVICES, service.name);
    let environments: BTreeSet<&EnvironmentName> = registries.iter().map(|registry| &registry.environment).collect();
    let providers: BTreeSet<Provider> = registries.iter().filter_map(|registry| registry.provider).collect();
    let providers =
        providers.into_iter().filter(|provider| has_component(source.assets, &service.name, Some(*provider)));
    let files = source.files(service, environments, providers)?;
    // A part is `base`, an overlay, or what differs on one provider: it is written as a whole or not at all.
    let part = |path: &str| path.rsplit_once('/').map_or("", |(part, _)| part).to_owned();
    let parts: BTreeSet<String> =
        files.iter().map(|(path, _)| part(path)).filter(|part| workspace.has_folder(part)).collect();
    let base = format!("{folder}/base");
    for (path, text) in files {
        let is_kept = parts.iter().any(|part| path.starts_with(&format!("{part}/")))
            || (parts.contains(&base) && path.starts_with(&format!("{base}/")));
        if !is_kept {
            workspace.files.insert(path, text);
        }
    }
    Ok(())
}

/// What taking away came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The registries that it was taken from.
    pub registries: Vec<Registry>,
    /// No cluster has it any more, so its folder goes as well.
    pub is_gone: bool,
}

/// Takes the service or app called `name` away from the registries of `selection`, and its folder below `kind` when
/// none has it any more.
///
/// # Errors
/// [`ScaffoldError::Unknown`] when no registry that was chosen has it, [`ScaffoldError::Needed`] when something there
/// waits for it.
pub fn remove(
    workspace: &mut Workspace,
    kind: Kind,
    name: &str,
    selection: &Selection,
) -> Result<Removed, ScaffoldError> {
    let (what, parent) = kind.words();
    let folder = format!("{parent}/{name}");
    let selected = workspace.select(selection)?;
    let is_of = |path: &str, folder: &str| path == folder || path.starts_with(&format!("{folder}/"));
    let mut removed = Removed::default();
    let (mut others, mut needed) = (BTreeSet::new(), Vec::new());
    for registry in &selected {
        let listed = workspace.listed(registry);
        others.extend(listed.iter().filter(|entry| is_of(&entry.path, parent)).map(|entry| entry.name.clone()));
        let Some(entry) = listed.iter().find(|entry| entry.name == name && is_of(&entry.path, &folder)) else {
            continue;
        };
        let waiting = listed.iter().filter(|other| other.after.iter().any(|after| after == name));
        needed.extend(waiting.map(|other| (other.name.clone(), registry.folder())));
        workspace.take(registry, entry);
        removed.registries.push(registry.clone());
    }
    if !needed.is_empty() {
        return Err(ScaffoldError::Needed { name: name.to_owned(), by: needed });
    }
    let is_used = workspace
        .registries()
        .iter()
        .any(|registry| workspace.listed(registry).iter().any(|entry| is_of(&entry.path, &folder)));
    if removed.registries.is_empty() && (is_used || !workspace.has_folder(&folder)) {
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        return Err(ScaffoldError::Unknown { what, name: name.to_owned(), help: did_you_mean(name, &others) });
    }
    if !is_used {
        if let Some(text) = workspace.files.get(layout::LOCK_FILE).cloned() {
            let is_own = |chart: &String| workspace.files.contains_key(&format!("{folder}/base/{chart}.yaml"));
            let charts: Vec<String> = lock::charts(&text)?.into_iter().filter(is_own).collect();
            workspace.files.insert(layout::LOCK_FILE.to_owned(), lock::without(&text, &charts)?);
        }
        workspace.remove_folder(&folder);
        readme::unlist(workspace, &folder);
        removed.is_gone = true;
    }
    Ok(removed)
}

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Service,
    /// An app.
    App,
}

impl Kind {
    /// What it is called, and the folder that it lies in.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Service => ("service", layout::SERVICES),
            Self::App => ("app", layout::APPS),
        }
    }
}
