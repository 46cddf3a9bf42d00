//! What is wrong with answers, as far as they are known; each is looked at even if others are missing.

use std::collections::BTreeSet;

use super::{Field, Problem};
use crate::{
    platform::{Engine, Environment, EnvironmentName, Forge, InvalidName, StateBackend, Trigger, form},
    scaffold::{
        Cluster, Place, Provider, Settings,
        network::{self, Cidr},
        pool,
    },
};

/// The answers to look at.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) base_domain: Option<&'a str>,
    pub(super) repository: Option<&'a str>,
    pub(super) default_branch: &'a str,
    pub(super) environments: &'a [Environment],
    pub(super) clusters: &'a [Cluster],
    pub(super) state: Option<&'a StateBackend>,
    pub(super) forge: Option<&'a Forge>,
    pub(super) engine: &'a Engine,
}

/// Collects problems.
#[derive(Debug, Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: Field, message: impl Into<String>) {
        self.0.push(Problem { field, message: message.into() });
    }

    /// Adds what one of the checks of [`form`] says about `text`, in the words of the messages about `kstack.hcl`.
    fn check(&mut self, field: Field, text: &str, what: &str, checked: Result<(), &'static str>) {
        if let Err(reason) = checked {
            self.add(field, format!("`{text}` is not {what}: {reason}"));
        }
    }
}

pub(super) fn problems(given: &Given<'_>) -> Vec<Problem> {
    let mut problems = Problems::default();
    platform(given, &mut problems);
    environments(given, &mut problems);
    if given.clusters.is_empty() {
        problems.add(Field::Clusters, "there is no cluster");
    }
    let mut seen = BTreeSet::new();
    for (index, cluster) in given.clusters.iter().enumerate() {
        let field = Field::Cluster(index);
        match cluster.stack() {
            Err(InvalidName { name, reason, .. }) => {
                problems.add(field, format!("cluster `{cluster}` would have the stack `{name}`: {reason}"));
            }
            Ok(stack) if !seen.insert(stack.to_string()) => {
                problems.add(field, format!("cluster `{cluster}` is named twice"));
            }
            Ok(_) => {}
        }
        names(field, cluster, given.environments, &mut problems);
        zones(field, cluster, &mut problems);
        accounts(Field::Account(index), cluster, &mut problems);
        pools(Field::Pool(index), cluster, given.environments, &mut problems);
        networks(Field::Network(index), cluster, given.clusters.get(..index).unwrap_or_default(), &mut problems);
    }
    // A network that is far too large is told about above.
    let fits =
        |cluster: &Cluster| cluster.cidr.is_none_or(|cidr| cluster.provider().network_sizes().contains(&cidr.length()));
    let sizes = given.clusters.iter().all(fits);
    let lacks = |(cidr, cluster): (&Option<Cidr>, &Cluster)| cidr.is_none() && cluster.makes_network();
    let assigned = network::assign(given.clusters);
    if let Some(index) = assigned.iter().zip(given.clusters).position(lacks).filter(|_| sizes) {
        problems.add(Field::Cluster(index), "there are more clusters than networks in `10.0.0.0/8`");
    }
    state(given, &mut problems);
    problems.0
}

fn platform(given: &Given<'_>, problems: &mut Problems) {
    if let Some(domain) = given.base_domain {
        problems.check(Field::BaseDomain, domain, "a domain", form::domain(domain));
    }
    if let Some(repository) = given.repository {
        if form::has_credentials(repository) {
            // What is wrong is a secret: it is not repeated.
            let message = "the address holds credentials; they belong to the hand-over, not into the repository";
            problems.add(Field::Repository, message);
        } else {
            let checked = form::repository(repository);
            problems.check(Field::Repository, repository, "a repository's address", checked);
        }
    }
    let (branch, engine) = (given.default_branch, given.engine);
    problems.check(Field::DefaultBranch, branch, "a branch name", form::reference(branch));
    let release = format!("a release of {}", engine.title());
    problems.check(Field::Engine, engine.version(), &release, form::version(engine.version()));
}

fn environments(given: &Given<'_>, problems: &mut Problems) {
    if given.environments.is_empty() {
        problems.add(Field::Environments, "there is no environment");
    }
    let mut names = BTreeSet::new();
    let mut triggers: Vec<&Environment> = Vec::new();
    for (index, environment) in given.environments.iter().enumerate() {
        let (field, name) = (Field::Environment(index), &environment.name);
        if !names.insert(name.as_str()) {
            problems.add(field, format!("environment `{name}` is named twice"));
            continue;
        }
        if name.as_str() == "shared" {
            problems.add(field, "`shared` is what stacks without an environment are filed under");
        }
        match &environment.trigger {
            // The rules of `kstack.hcl`, which is read again after it was written.
            Trigger::Branch(_) if index > 0 => {
                problems
                    .add(field, format!("a branch cannot deliver to `{name}`, which is promoted to: give it a tag"));
            }
            Trigger::Branch(branch) if branch != given.default_branch => {
                let message = format!(
                    "environment `{name}` is triggered by `{branch}`, but changes are merged into `{}`",
                    given.default_branch
                );
                problems.add(field, message);
            }
            Trigger::Tag(pattern) => {
                problems.check(field, pattern, &format!("a pattern for tags of `{name}`"), form::promotion(pattern));
            }
            Trigger::Branch(_) => {}
        }
        if let Some(other) = triggers.iter().find(|other| other.trigger.overlaps(&environment.trigger)) {
            problems.add(field, format!("a push that triggers `{name}` can trigger `{}` as well", other.name));
        }
        triggers.push(environment);
    }
}

/// What `modules/common/metadata` would refuse. A name is never too long: it is shortened, and ends in a hash then.
fn names(field: Field, cluster: &Cluster, environments: &[Environment], problems: &mut Problems) {
    // Once is enough: what is wrong with the region is wrong in every environment.
    if let Some(error) = environments.iter().find_map(|environment| cluster.called_in(&environment.name).err()) {
        problems.add(field, error.to_string());
    }
}

fn zones(field: Field, cluster: &Cluster, problems: &mut Problems) {
    let (zones, provider) = (cluster.place.zones(), cluster.provider());
    let fewest = provider.fewest_zones();
    // Google chooses where none is named.
    if !zones.is_empty() && zones.len() < fewest {
        problems.add(
            field,
            format!("cluster `{cluster}` names {} zone, and {} wants {fewest}", zones.len(), provider.title()),
        );
    }
    let mut seen = BTreeSet::new();
    for zone in zones.iter().filter(|zone| !seen.insert(*zone)) {
        problems.add(field, format!("cluster `{cluster}` names zone `{zone}` twice"));
    }
    if zones.len() > 8 {
        problems.add(field, format!("cluster `{cluster}` names {} zones, of eight", zones.len()));
    }
}

/// Projects, subscriptions and tenants.
fn accounts(field: Field, cluster: &Cluster, problems: &mut Problems) {
    match &cluster.place {
        Place::Google { project: None, .. } => {
            problems.add(Field::GoogleProject, format!("`{cluster}` has no project"));
        }
        Place::Google { project: Some(project), .. } => {
            problems.check(field, project, "the id of a Google project", form::google_project(project));
        }
        Place::Azure { subscription, tenant, .. } => {
            if subscription.is_none() {
                problems.add(Field::AzureSubscription, format!("`{cluster}` has no subscription"));
            }
            for (what, id) in [("subscription", subscription), ("tenant", tenant)] {
                if let Some(id) = id {
                    problems.check(field, id, &format!("the id of an Azure {what}"), form::uuid(id));
                }
            }
        }
        Place::Local | Place::Aws { .. } => {}
    }
}

fn pools(field: Field, cluster: &Cluster, environments: &[Environment], problems: &mut Problems) {
    let known = |name: &EnvironmentName| environments.iter().any(|environment| environment.name == *name);
    for name in cluster.environments.keys().filter(|name| !known(name)) {
        problems.add(field, format!("cluster `{cluster}` has settings for `{name}`, which is no environment"));
    }
    let settings = || std::iter::once(&cluster.settings).chain(cluster.environments.values());
    for text in settings().filter_map(|settings| settings.instance_type.as_ref()) {
        if let Err(reason) = cluster.provider().check_instance_type(text) {
            problems.add(field, format!("the instance type `{text}` {reason}"));
        }
    }
    if let Some(version) = &cluster.version
        && let Err(reason) = cluster.provider().check_version(version)
    {
        problems.add(field, format!("the Kubernetes version `{version}` {reason}"));
    }
    if !cluster.is_cloud() {
        if settings().any(|settings| *settings != Settings::default()) || cluster.cidr.is_some() {
            problems.add(field, format!("`{cluster}` has no node pools and no network of its own"));
        }
        return;
    }
    let base =
        environments.iter().find(|environment| environment.name.as_str() == "apps").or_else(|| environments.last());
    for Environment { name, .. } in environments {
        let pool = pool::effective(cluster, name, base.is_some_and(|base| base.name == *name));
        if pool.max == 0 {
            problems.add(field, format!("the node pool of `{cluster}` has no nodes in `{name}`"));
        }
        if pool.min > pool.max {
            let message = format!(
                "the node pool of `{cluster}` has at least {} and at most {} nodes in `{name}`",
                pool.min, pool.max
            );
            problems.add(field, message);
        }
    }
}

/// Networks that are given must leave room for a cluster and not overlap with those given before.
fn networks(field: Field, cluster: &Cluster, before: &[Cluster], problems: &mut Problems) {
    if cluster.settings.existing.is_none() {
        for (name, _) in cluster.environments.iter().filter(|(_, own)| own.existing.is_some()) {
            let message =
                format!("`{cluster}` has an existing network in `{name}` only; give one for all environments too");
            problems.add(field, message);
        }
    }
    let Some(cidr) = cluster.cidr else { return };
    let sizes = cluster.provider().network_sizes();
    if !sizes.contains(&cidr.length()) && cluster.is_cloud() {
        let (largest, smallest) = (sizes.start(), sizes.end());
        let message =
            format!("the network `{cidr}` of `{cluster}` must have a prefix between /{largest} and /{smallest}");
        problems.add(field, message);
    }
    let given = |other: &Cluster| Some((other.to_string(), other.cidr.filter(|other| Cidr::overlaps(*other, cidr))?));
    for (other, theirs) in before.iter().filter_map(given) {
        problems.add(field, format!("the network `{cidr}` of `{cluster}` overlaps with `{theirs}` of `{other}`"));
    }
    if cluster.settings.existing.is_some() {
        problems.add(field, format!("`{cluster}` has both a network to make, `{cidr}`, and an existing one"));
    }
}

fn state(given: &Given<'_>, problems: &mut Problems) {
    let own = given
        .environments
        .iter()
        .enumerate()
        .filter_map(|(index, environment)| Some((Field::Environment(index), &environment.state.as_ref()?.backend)));
    for (field, backend) in given.state.map(|state| (Field::State, state)).into_iter().chain(own) {
        if let Some(state) = given.state.filter(|state| state.kind() != backend.kind()) {
            let message = format!(
                "the state is `{}` here and `{}` for the platform, but a stack has one kind",
                backend.kind(),
                state.kind()
            );
            problems.add(field, message);
        }
        storage(field, backend, problems);
    }
    if let (Some(forge), Some(true)) = (given.forge, given.state.map(StateBackend::is_local))
        && *forge != Forge::None
    {
        let message = "a pipeline cannot reach state on this machine; give `--state`, such as `s3://<bucket>`";
        problems.add(Field::Forge, message);
    }
    if let Some(url) = given.forge.and_then(Forge::url) {
        if form::has_credentials(url) {
            problems.add(Field::Forge, "the address of the forge holds credentials; leave them out");
        } else {
            problems.check(Field::Forge, url, "a forge's address", form::forge_url(url));
        }
    }
}

fn storage(field: Field, backend: &StateBackend, problems: &mut Problems) {
    let mut check = |text: &str, what, checked| problems.check(field, text, what, checked);
    match backend {
        StateBackend::S3 { bucket, region } => {
            check(bucket, "a bucket name", form::s3_bucket(bucket));
            // It is a bucket at AWS, so its region is one of AWS.
            let known = Provider::Aws.check_region(region).map_err(|_| "write one such as `eu-west-1`");
            check(region, "a region", known);
        }
        StateBackend::Gcs { bucket } => check(bucket, "a bucket name", form::new_gcs_bucket(bucket)),
        StateBackend::Azurerm { resource_group, storage_account, container } => {
            check(resource_group, "a resource group", form::azure_resource_group(resource_group));
            check(storage_account, "a storage account", form::azure_storage_account(storage_account));
            check(container, "a container name", form::azure_container(container));
        }
        StateBackend::Local { path } => check(path, "a folder", form::repository_path(path)),
    }
}
