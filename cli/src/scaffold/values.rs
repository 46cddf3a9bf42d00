//! What templates see of the answers. The names here are what templates write, so they are an
//! interface: `platform.base_domain`, `environment.trigger`, `cluster.pool.min`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    ARGOCD_VERSION, Answers, Cluster, ExistingNetwork, FLUX_VERSION, Place, Provider, ScaffoldError,
    bootstrap::BootstrapValues,
    catalogue::{Catalogue, Service},
    network::{self, Cidr},
    pool::{self, Pool},
};
use crate::platform::{Engine, EnvironmentName, StateBackend, Trigger};

/// All that a template can name. An absent part is an error in a template that names it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Scope<'a> {
    pub(super) platform: &'a PlatformValues<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<&'a EnvironmentValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<&'a ClusterValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bootstrap: Option<&'a BootstrapValues<'a>>,
}

impl Scope<'_> {
    /// The kind of state storage.
    pub(super) fn state(&self) -> &'static str {
        self.platform.state.kind
    }
}

#[derive(Debug, Serialize)]
pub(super) struct PlatformValues<'a> {
    kstack_version: &'static str,
    pub(super) engine: EngineValues<'a>,
    name: &'a str,
    base_domain: &'a str,
    pub(super) repository: &'a str,
    default_branch: &'a str,
    /// The repository's own settings are a stack.
    manage_repository: bool,
    /// Argo Workflows can be the pipeline.
    pub(super) argo_workflows: bool,
    pub(super) environments: Vec<EnvironmentValues<'a>>,
    pub(super) clusters: Vec<ClusterValues<'a>>,
    pub(super) services: Vec<&'a Service>,
    /// The environment that the others inherit from.
    base: &'a str,
    state: StateValues<'a>,
    /// `github`, `gitlab`, `gitea`, or nothing.
    pub(super) forge: Option<&'static str>,
    /// Address of a forge of one's own.
    forge_url: Option<&'a str>,
    /// `infra/repository` is there.
    manages_repository: bool,
    /// Branches whose pushes deliver, each once.
    branches: Vec<&'a str>,
    /// Terraform providers of all stacks, as `namespace/type`.
    providers: Vec<&'static str>,
    /// The Terraform providers that the lock file lists.
    locked: Vec<Locked>,
    /// Resource types that take a word to be destroyed.
    protect: Vec<&'static str>,
    /// Whether jobs have to log in to AWS: clusters are there, or states. The same for the others.
    aws: bool,
    google: bool,
    azure: bool,
    /// The region of the first cluster at AWS, or else that of the state there.
    aws_region: Option<&'a str>,
    /// The project of the first cluster at Google.
    google_project: Option<&'a str>,
    /// The subscription of the first cluster in Azure.
    azure_subscription: Option<&'a str>,
}

/// The engine in the clusters.
#[derive(Debug, Serialize)]
pub(super) struct EngineValues<'a> {
    /// `flux` or `argocd`.
    pub(super) kind: &'static str,
    /// The engine as people call it.
    title: &'static str,
    version: &'a str,
    mode: &'static str,
    /// The release is the one that this kstack was tried with.
    tested: bool,
    /// Of the install manifests, as the lock file writes digests; known when they are.
    pub(super) digest: Option<String>,
}

impl<'a> EngineValues<'a> {
    fn new(engine: &'a Engine) -> Self {
        let tried = match engine {
            Engine::Flux { .. } => FLUX_VERSION,
            Engine::ArgoCd { .. } => ARGOCD_VERSION,
        };
        Self {
            kind: engine.kind(),
            title: engine.title(),
            version: engine.version(),
            mode: engine.mode(),
            tested: engine.version() == tried,
            digest: None,
        }
    }
}

/// A Terraform provider and the versions that the stacks admit.
#[derive(Debug, Serialize)]
struct Locked {
    source: &'static str,
    version: &'static str,
}

impl From<(&'static str, &'static str)> for Locked {
    fn from((source, version): (&'static str, &'static str)) -> Self {
        Self { source, version }
    }
}

/// Where state lives: the kind, and the settings that it has, by the names of Terraform's backends.
#[derive(Debug, Clone, Serialize, Default)]
struct StateValues<'a> {
    kind: &'static str,
    bucket: Option<&'a str>,
    region: Option<&'a str>,
    resource_group_name: Option<&'a str>,
    storage_account_name: Option<&'a str>,
    container_name: Option<&'a str>,
    path: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct EnvironmentValues<'a> {
    pub(super) name: &'a str,
    trigger: String,
    /// The pattern of the tags that deliver to it, for an environment that tags deliver to.
    tag: Option<&'a str>,
    /// The beginning of those tags; for a pattern without `*`, the tag.
    tag_prefix: Option<&'a str>,
    /// A tag that fits the pattern.
    tag_example: Option<String>,
    /// The branch that delivers to it, for an environment that a branch delivers to.
    source_branch: Option<&'a str>,
    /// The branch that the engine follows.
    pub(super) branch: String,
    protected: bool,
    /// The environment before it in the order of promotion.
    previous: Option<&'a str>,
    /// Where its state lives, if not where the platform's does.
    own_state: Option<StateValues<'a>>,
    /// Where its state lives.
    state: StateValues<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct ClusterValues<'a> {
    pub(super) stack: String,
    name: &'a str,
    /// What it is called in each environment, in their order.
    names: Vec<String>,
    pub(super) provider: Provider,
    /// The provider as people call it.
    title: &'static str,
    cloud: bool,
    region: &'a str,
    zones: &'a [String],
    /// Clusters get networks that do not overlap, so that they can be connected later. Nothing for a
    /// cluster that has a network.
    cidr: Option<Cidr>,
    kubernetes_version: Option<&'a str>,
    /// Google: the project.
    project: Option<&'a str>,
    /// Azure: the subscription.
    subscription: Option<&'a str>,
    /// Azure: the tenant, if answered.
    tenant: Option<&'a str>,
    /// A network that is there already.
    existing: Option<&'a ExistingNetwork>,
    /// The default node pool in the base environment.
    pool: Pool,
    /// The environments that inherit, with what differs in each.
    others: Vec<OtherValues<'a>>,
    pub(super) services: Vec<&'a Service>,
    /// The namespaces that services and apps may be in, for Argo CD, which refuses every other one.
    namespaces: BTreeSet<&'a str>,
}

/// What differs in an environment from the one that it inherits from; nothing where nothing does.
#[derive(Debug, Serialize)]
struct OtherValues<'a> {
    environment: &'a str,
    existing: Option<&'a ExistingNetwork>,
    /// Something of the node pool does.
    differs: bool,
    instance_type: Option<String>,
    min: Option<u64>,
    max: Option<u64>,
}

impl<'a> PlatformValues<'a> {
    /// The values of answers without problems, whose base environment is `base`.
    pub(super) fn new(
        answers: &'a Answers,
        base: &'a EnvironmentName,
        catalogue: &'a Catalogue,
    ) -> Result<Self, ScaffoldError> {
        let cidrs = network::assign(&answers.clusters);
        let clusters = answers
            .clusters
            .iter()
            .zip(cidrs)
            .map(|(cluster, cidr)| cluster_values(answers, base, catalogue, (cluster, cidr)));
        let used: Vec<_> = Provider::ALL
            .into_iter()
            .filter(|provider| answers.clusters.iter().any(|cluster| cluster.provider() == *provider))
            .collect();
        let mut branches = Vec::new();
        for environment in &answers.environments {
            if let Trigger::Branch(branch) = &environment.trigger
                && !branches.contains(&branch.as_str())
            {
                branches.push(branch.as_str());
            }
        }
        let first = |provider| answers.clusters.iter().find(|cluster| cluster.provider() == provider);
        let clusters = clusters.collect::<Result<Vec<_>, _>>()?;
        let mut providers: Vec<_> = used.iter().flat_map(|provider| provider.terraform_providers()).copied().collect();
        providers.extend(BootstrapValues::further_providers(answers));
        let state = StateValues::new(&answers.state);
        Ok(Self {
            kstack_version: env!("CARGO_PKG_VERSION"),
            engine: EngineValues::new(&answers.engine),
            name: answers.name.as_str(),
            base_domain: &answers.base_domain,
            repository: &answers.repository,
            default_branch: &answers.default_branch,
            manage_repository: answers.manage_repository,
            argo_workflows: answers.argo_workflows,
            environments: environments(answers),
            services: catalogue.standard(takes_charts(answers) && clusters.iter().any(|cluster| cluster.cloud)),
            base: base.as_str(),
            forge: answers.forge.kind(),
            forge_url: answers.forge.url(),
            manages_repository: answers.manage_repository,
            branches,
            providers: providers.iter().map(|(source, _)| *source).collect(),
            locked: providers.into_iter().map(Locked::from).collect(),
            protect: used.iter().flat_map(|provider| provider.protected_types()).copied().collect(),
            aws: used.contains(&Provider::Aws) || state.kind == "s3",
            google: used.contains(&Provider::Google) || state.kind == "gcs",
            azure: used.contains(&Provider::Azure) || state.kind == "azurerm",
            aws_region: first(Provider::Aws).map(Cluster::region).or(state.region),
            state,
            google_project: clusters.iter().find_map(|cluster| cluster.project),
            azure_subscription: clusters.iter().find_map(|cluster| cluster.subscription),
            clusters,
        })
    }
}

impl<'a> StateValues<'a> {
    fn new(state: &'a StateBackend) -> Self {
        let none = Self { kind: state.kind(), ..Self::default() };
        match state {
            StateBackend::S3 { bucket, region } => Self { bucket: Some(bucket), region: Some(region), ..none },
            StateBackend::Gcs { bucket } => Self { bucket: Some(bucket), ..none },
            StateBackend::Azurerm { resource_group, storage_account, container } => Self {
                resource_group_name: Some(resource_group),
                storage_account_name: Some(storage_account),
                container_name: Some(container),
                ..none
            },
            StateBackend::Local { path } => Self { path: Some(path), ..none },
        }
    }
}

fn environments(answers: &Answers) -> Vec<EnvironmentValues<'_>> {
    let before = |index: usize| answers.environments.get(index.checked_sub(1)?).map(|before| before.name.as_str());
    let values = answers.environments.iter().enumerate().map(|(index, environment)| {
        let (trigger, tag, source_branch) = match &environment.trigger {
            Trigger::Branch(branch) => (format!("branch:{branch}"), None, Some(branch.as_str())),
            Trigger::Tag(tag) => (format!("tag:{tag}"), Some(tag.as_str()), None),
        };
        let own_state = environment.state.as_ref().map(|state| StateValues::new(&state.backend));
        EnvironmentValues {
            name: environment.name.as_str(),
            trigger,
            tag,
            tag_prefix: tag.map(|tag| tag.trim_end_matches('*')),
            tag_example: tag.map(|tag| tag.replace('*', "1")),
            source_branch,
            branch: environment.engine_branch(),
            protected: environment.protected,
            previous: before(index),
            state: own_state.clone().unwrap_or_else(|| StateValues::new(&answers.state)),
            own_state,
        }
    });
    values.collect()
}

/// Whether releases of charts are written in a form that the engine takes: so far in that of Flux only.
fn takes_charts(answers: &Answers) -> bool {
    matches!(answers.engine, Engine::Flux { .. })
}

/// Where objects of services and apps may be. Those of cluster services also go into kube-system: roles for leader election.
fn namespaces<'a>(services: &[&'a Service]) -> BTreeSet<&'a str> {
    let own = services.iter().filter_map(|service| Some(service.namespace.as_ref()?.name.as_str()));
    ["argocd", "default", "demo", "kube-system"].into_iter().chain(own).collect()
}

fn cluster_values<'a>(
    answers: &'a Answers,
    base: &EnvironmentName,
    catalogue: &'a Catalogue,
    (cluster, cidr): (&'a Cluster, Option<Cidr>),
) -> Result<ClusterValues<'a>, ScaffoldError> {
    let stack = cluster.stack().map_err(|error| ScaffoldError::Target { path: error.name, reason: error.reason })?;
    let called = |name: &EnvironmentName| {
        let called = cluster.called_in(name);
        called.map_err(|error| ScaffoldError::Target { path: error.value, reason: error.reason })
    };
    let names = answers.environments.iter().map(|environment| called(&environment.name)).collect::<Result<_, _>>()?;
    let provider = cluster.provider();
    let pool = pool::effective(cluster, base, true);
    let existing = |name: &EnvironmentName| {
        let own = cluster.environments.get(name).and_then(|own| own.existing.as_ref());
        own.or(cluster.settings.existing.as_ref())
    };
    let others = answers.environments.iter().filter(|environment| environment.name != *base).map(|environment| {
        let own = pool::effective(cluster, &environment.name, false);
        OtherValues {
            environment: environment.name.as_str(),
            existing: existing(&environment.name).filter(|own| existing(base) != Some(own)),
            differs: own != pool,
            instance_type: (own.instance_type != pool.instance_type).then_some(own.instance_type),
            min: (own.min != pool.min).then_some(own.min),
            max: (own.max != pool.max).then_some(own.max),
        }
    });
    let others = others.collect();
    let services = catalogue.standard(takes_charts(answers) && cluster.is_cloud());
    let (project, subscription, tenant) = match &cluster.place {
        Place::Google { project, .. } => (project.as_deref(), None, None),
        Place::Azure { subscription, tenant, .. } => (None, subscription.as_deref(), tenant.as_deref()),
        Place::Local | Place::Aws { .. } => (None, None, None),
    };
    Ok(ClusterValues {
        stack: stack.to_string(),
        name: cluster.name.as_str(),
        names,
        provider,
        title: provider.title(),
        cloud: cluster.is_cloud(),
        region: cluster.region(),
        zones: cluster.place.zones(),
        cidr,
        kubernetes_version: cluster.version.as_deref().or(provider.default_version()),
        project,
        subscription,
        tenant,
        existing: existing(base),
        pool,
        others,
        namespaces: namespaces(&services),
        services,
    })
}
