//! A whole platform: which template becomes which files.

use serde::Serialize;

use super::{Answers, Assets, ChangeSet, Cluster, Place, ScaffoldError, template::Renderer};
use crate::platform::{Environment, EnvironmentName, Forge, StackName, StateBackend, Trigger, layout};

/// The release of Flux that new platforms get.
pub const FLUX_VERSION: &str = "2.7.3";

/// Something that every cluster gets; its manifests are `platform-templates/service/<name>/`.
#[derive(Debug, Serialize)]
struct Service {
    name: &'static str,
    /// What it is for, for the tables of the README.
    purpose: &'static str,
    /// Services that must be ready before it is applied.
    after: &'static [&'static str],
    /// It needs a registry on the internet, so a local control plane does without it.
    cloud_only: bool,
    chart: Option<Chart>,
}

/// A chart held as a reference.
#[derive(Debug, Serialize)]
struct Chart {
    source: &'static str,
    version: &'static str,
}

const SERVICES: &[Service] = &[
    Service {
        name: "scheduling",
        purpose: "priority classes: what is evicted last when nodes run out",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "access",
        purpose: "who may do what: roles for platform administrators and viewers",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "tenancy",
        purpose: "one namespace per team: pod security, quota, limits, network policies",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "cert-manager",
        purpose: "certificates",
        after: &["scheduling"],
        cloud_only: true,
        chart: Some(Chart { source: "oci://quay.io/jetstack/charts/cert-manager", version: "v1.19.2" }),
    },
];

/// What templates see. An absent part is an error in a template that names it.
#[derive(Debug, Clone, Copy, Serialize)]
struct Scope<'a> {
    platform: &'a PlatformValues<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a EnvironmentValues>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ClusterValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a Service>,
}

#[derive(Debug, Serialize)]
struct PlatformValues<'a> {
    kstack_version: &'static str,
    flux_version: &'static str,
    name: &'a str,
    base_domain: &'a str,
    repository: &'a str,
    default_branch: &'a str,
    environments: Vec<EnvironmentValues>,
    clusters: Vec<ClusterValues<'a>>,
    services: Vec<&'static Service>,
    /// The environment that the others inherit from.
    base: &'a str,
    state: StateValues<'a>,
    github: bool,
    aws: bool,
}

/// `platform.state` in templates: the kind, and the settings that it has.
#[derive(Debug, Serialize, Default)]
struct StateValues<'a> {
    kind: &'static str,
    bucket: Option<&'a str>,
    region: Option<&'a str>,
    resource_group_name: Option<&'a str>,
    storage_account_name: Option<&'a str>,
    container_name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct EnvironmentValues {
    name: String,
    trigger: String,
    /// The pattern of the tags that promote to it; absent for the first environment.
    tag: Option<String>,
    /// The branch that the engine follows.
    branch: String,
    protected: bool,
    /// The environment before it in the order of promotion.
    previous: Option<String>,
}

#[derive(Debug, Serialize)]
struct ClusterValues<'a> {
    stack: String,
    name: &'a str,
    provider: &'static str,
    cloud: bool,
    region: &'a str,
    zones: Vec<String>,
    /// Clusters get networks that do not overlap, so that they can be connected later.
    cidr: String,
    services: Vec<&'static Service>,
}

/// Renders a new platform. `engine_manifests` is the text of the engine's install manifests, which
/// every registry holds a copy of, as the engine's own bootstrap does it.
///
/// # Errors
/// [`ScaffoldError::Answers`] with everything that is wrong with the answers; the other variants
/// only for templates that were not the embedded ones.
pub fn platform(answers: &Answers, assets: &Assets, engine_manifests: &str) -> Result<ChangeSet, ScaffoldError> {
    let problems = answers.problems();
    let (Some(base), true) = (answers.base_environment(), problems.is_empty()) else {
        return Err(ScaffoldError::Answers { problems });
    };
    let values = values(answers, base)?;
    let mut writer = Writer { assets, renderer: Renderer::new()?, changes: ChangeSet::new() };
    let scope = Scope { platform: &values, environment: None, cluster: None, service: None };

    writer.group("platform", "", scope)?;
    if matches!(answers.forge, Forge::GitHub { .. }) {
        writer.group("github", "", scope)?;
    }
    for environment in &values.environments {
        let scope = Scope { environment: Some(environment), ..scope };
        // The one group whose files are called after the environment, not put into a folder of it.
        for (file, text) in assets.below("environment") {
            let target = format!("{}/{}", layout::ENVIRONMENTS, file.replace("environment", &environment.name));
            writer.file(&format!("environment/{file}"), target, text, scope)?;
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

/// Modules of clouds that the platform does not use are left out.
fn is_vendored(path: &str, answers: &Answers) -> bool {
    let wanted = |place: fn(&Place) -> bool| answers.clusters.iter().any(|cluster| place(&cluster.place));
    match path.split_once('/') {
        Some(("common", _)) => true,
        Some(("local", _)) => wanted(|place| matches!(place, Place::Local)),
        Some(("aws", _)) => wanted(|place| matches!(place, Place::Aws { .. })),
        _ => false,
    }
}

struct Writer<'a> {
    assets: &'a Assets,
    renderer: Renderer,
    changes: ChangeSet,
}

impl Writer<'_> {
    /// Renders every template of `group` to the same path below `prefix`.
    fn group(&mut self, group: &str, prefix: &str, scope: Scope<'_>) -> Result<(), ScaffoldError> {
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

fn values<'a>(answers: &'a Answers, base: &'a EnvironmentName) -> Result<PlatformValues<'a>, ScaffoldError> {
    let clusters = answers
        .clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| cluster_values(index, cluster))
        .collect::<Result<Vec<_>, _>>()?;
    let cloud = answers.clusters.iter().any(Cluster::is_cloud);
    Ok(PlatformValues {
        kstack_version: env!("CARGO_PKG_VERSION"),
        flux_version: FLUX_VERSION,
        name: answers.name.as_str(),
        base_domain: &answers.base_domain,
        repository: &answers.repository,
        default_branch: &answers.default_branch,
        environments: environment_values(answers),
        clusters,
        services: services(cloud),
        base: base.as_str(),
        state: state_values(&answers.state),
        github: matches!(answers.forge, Forge::GitHub { .. }),
        aws: answers.clusters.iter().any(|cluster| matches!(cluster.place, Place::Aws { .. })),
    })
}

/// Where state lives, by the names of Terraform's backend settings.
fn state_values(state: &StateBackend) -> StateValues<'_> {
    let none = StateValues { kind: state.kind(), ..StateValues::default() };
    match state {
        StateBackend::S3 { bucket, region } => StateValues { bucket: Some(bucket), region: Some(region), ..none },
        StateBackend::Gcs { bucket } => StateValues { bucket: Some(bucket), ..none },
        StateBackend::Azurerm { resource_group, storage_account, container } => StateValues {
            resource_group_name: Some(resource_group),
            storage_account_name: Some(storage_account),
            container_name: Some(container),
            ..none
        },
        StateBackend::Local { .. } => none,
    }
}

/// The services of a cluster.
fn services(cloud: bool) -> Vec<&'static Service> {
    SERVICES.iter().filter(|service| cloud || !service.cloud_only).collect()
}

/// The first environment is delivered to by the default branch, every further one by a tag; the
/// last one is what users depend on.
fn environment_values(answers: &Answers) -> Vec<EnvironmentValues> {
    let last = answers.environments.len().saturating_sub(1);
    let name = |index: usize| answers.environments.get(index).map(ToString::to_string);
    let of = |(index, environment): (usize, &EnvironmentName)| {
        let tag = (index > 0).then(|| format!("{environment}-deploy-*"));
        let trigger = match &tag {
            Some(tag) => Trigger::Tag(tag.clone()),
            None => Trigger::Branch(answers.default_branch.clone()),
        };
        let text = match &trigger {
            Trigger::Branch(branch) => format!("branch:{branch}"),
            Trigger::Tag(tag) => format!("tag:{tag}"),
        };
        let environment = Environment { name: environment.clone(), trigger, protected: index == last, state: None };
        EnvironmentValues {
            branch: environment.engine_branch(),
            name: environment.name.to_string(),
            trigger: text,
            tag,
            protected: environment.protected,
            previous: index.checked_sub(1).and_then(name),
        }
    };
    answers.environments.iter().enumerate().map(of).collect()
}

fn cluster_values(index: usize, cluster: &Cluster) -> Result<ClusterValues<'_>, ScaffoldError> {
    let stack = cluster.stack().map_err(|error| ScaffoldError::Target { path: error.name, reason: error.reason })?;
    let (provider, zones) = match &cluster.place {
        Place::Local => ("local", Vec::new()),
        Place::Aws { region, zones } => ("aws", zones.iter().map(|zone| format!("{region}{zone}")).collect()),
    };
    Ok(ClusterValues {
        stack: StackName::to_string(&stack),
        name: cluster.name.as_str(),
        provider,
        cloud: cluster.is_cloud(),
        region: cluster.region(),
        zones,
        cidr: format!("10.{index}.0.0/16"),
        services: services(cluster.is_cloud()),
    })
}
