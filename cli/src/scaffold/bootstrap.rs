//! `infra/bootstrap`: where states lie, and who the pipeline is in each cloud.

use serde::Serialize;

use super::{Answers, Field, Place, Problem, Provider, ScaffoldError, platform::Writer, values::Scope};
use crate::platform::{Forge, StateBackend, Trigger, layout};

/// The stack's folder below `infra/`.
const STACK: &str = "bootstrap";

/// The stack of the repository itself.
const REPOSITORY: &str = "repository";

/// `bootstrap` in templates: the clouds that the stack works in, and the pipeline.
#[derive(Debug, Serialize)]
pub(super) struct BootstrapValues<'a> {
    aws: Option<AwsValues<'a>>,
    google: Option<GoogleValues<'a>>,
    azure: Option<AzureValues<'a>>,
    /// Absent where no forge vouches for jobs.
    pipeline: Option<PipelineValues<'a>>,
}

#[derive(Debug, Serialize)]
struct AwsValues<'a> {
    region: &'a str,
}

#[derive(Debug, Serialize)]
struct GoogleValues<'a> {
    project: &'a str,
    location: &'a str,
    /// All projects with clusters, where there are several.
    projects: Option<Vec<&'a str>>,
}

#[derive(Debug, Serialize)]
struct AzureValues<'a> {
    subscription: &'a str,
    tenant: Option<&'a str>,
    location: &'a str,
    /// Ids of all subscriptions with clusters, where there are several.
    scopes: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct PipelineValues<'a> {
    forge: &'static str,
    /// Address of a forge of one's own.
    url: Option<&'a str>,
    /// Who signs the tokens of jobs, where it is not the forge's public service.
    issuer: Option<String>,
    /// `owner/name`; in GitLab with all groups.
    repository: String,
    owner: String,
    name: String,
    /// Patterns of the tags that promote.
    deploy_tags: Vec<&'a str>,
    /// GitHub environment of the jobs that apply, where a cloud cannot tell tags by a pattern.
    environment: Option<&'static str>,
}

impl<'a> BootstrapValues<'a> {
    /// `None` when there is nothing to make first: state lies on this machine, or in a cloud without a cluster that
    /// would say in which project or subscription of it.
    pub(super) fn of(answers: &'a Answers) -> Option<Self> {
        let (aws, google, azure) = (aws(answers), google(answers), azure(answers));
        let (is_s3, is_gcs, is_azurerm) = match &answers.state {
            StateBackend::Local { .. } => return None,
            StateBackend::S3 { .. } => (true, false, false),
            StateBackend::Gcs { .. } => (false, true, false),
            StateBackend::Azurerm { .. } => (false, false, true),
        };
        if is_gcs && google.is_none() || is_azurerm && azure.is_none() {
            return None;
        }
        let pipeline = pipeline(answers, azure.is_some());
        // Beside the state there are only identities to make, one for each cloud.
        let works_in = |has_state: bool| has_state || pipeline.is_some();
        Some(Self {
            aws: aws.filter(|_| works_in(is_s3)),
            google: google.filter(|_| works_in(is_gcs)),
            azure: azure.filter(|_| works_in(is_azurerm)),
            pipeline,
        })
    }

    /// The Terraform providers that only this stack and `infra/repository` use, and the versions that they admit.
    pub(super) fn further_providers(answers: &'a Answers) -> Vec<(&'static str, &'static str)> {
        let Some(values) = Self::of(answers) else { return Vec::new() };
        let mut providers = Vec::new();
        let has_aws = answers.clusters.iter().any(|cluster| matches!(cluster.place, Place::Aws { .. }));
        if values.aws.is_some() && !has_aws {
            providers.extend(Provider::Aws.terraform_providers());
        }
        match values.pipeline.filter(|_| answers.manage_repository).map(|pipeline| pipeline.forge) {
            Some("github") => providers.push(("integrations/github", ">= 6.6.0, < 7.0.0")),
            Some(_) => providers.push(("gitlabhq/gitlab", ">= 17.0.0, < 19.0.0")),
            None => {}
        }
        providers
    }
}

/// Writes the stack. `scope` has the values of the platform and of the stack itself.
pub(super) fn write(
    writer: &mut Writer<'_>,
    scope: Scope<'_>,
    values: &BootstrapValues<'_>,
) -> Result<(), ScaffoldError> {
    let folder = format!("{}/{STACK}/", layout::INFRA);
    writer.group("bootstrap/environments", &format!("{}/", layout::ENVIRONMENTS), scope)?;
    writer.group("bootstrap/common", &folder, scope)?;
    writer.group(&format!("bootstrap/state/{}", scope.state()), &folder, scope)?;
    if values.pipeline.is_none() {
        return Ok(());
    }
    let clouds =
        [("aws", values.aws.is_some()), ("google", values.google.is_some()), ("azure", values.azure.is_some())];
    for (cloud, _) in clouds.into_iter().filter(|(_, used)| *used) {
        writer.group(&format!("bootstrap/identity/{cloud}"), &folder, scope)?;
    }
    Ok(())
}

/// What keeps the repository from being managed, where that is asked for.
pub(super) fn problem(answers: &Answers) -> Option<Problem> {
    let can = || BootstrapValues::of(answers).is_some_and(|values| values.pipeline.is_some());
    (answers.manage_repository && !can()).then(|| Problem {
        field: Field::Forge,
        message: "`--manage-repository` needs a repository on GitHub or GitLab, and state that is not on this machine"
            .to_owned(),
    })
}

/// Writes `infra/repository`. Without a forge that Terraform knows there is none.
pub(super) fn write_repository(
    writer: &mut Writer<'_>,
    scope: Scope<'_>,
    values: &BootstrapValues<'_>,
) -> Result<(), ScaffoldError> {
    let Some(pipeline) = &values.pipeline else { return Ok(()) };
    let folder = format!("{}/{REPOSITORY}/", layout::INFRA);
    writer.group("repository/common", &folder, scope)?;
    writer.group(&format!("repository/{}", pipeline.forge), &folder, scope)
}

/// Whether the stack calls the module that the file at `path` of `modules/` belongs to.
pub(super) fn calls(answers: &Answers, path: &str) -> bool {
    let cloud = match &answers.state {
        StateBackend::S3 { .. } => "aws",
        StateBackend::Gcs { .. } => "google",
        StateBackend::Azurerm { .. } => "azure",
        StateBackend::Local { .. } => return false,
    };
    let module = path.strip_prefix(cloud).unwrap_or_default();
    module.starts_with("/state/") || module.starts_with("/ci-identity/")
}

/// The region of the state, or else that of the first cluster.
fn aws(answers: &Answers) -> Option<AwsValues<'_>> {
    let region = match &answers.state {
        StateBackend::S3 { region, .. } => Some(region),
        _ => answers.clusters.iter().find_map(|cluster| match &cluster.place {
            Place::Aws { region, .. } => Some(region),
            _ => None,
        }),
    };
    region.map(|region| AwsValues { region })
}

/// The first project with a cluster, and the others.
fn google(answers: &Answers) -> Option<GoogleValues<'_>> {
    let places = answers.clusters.iter().filter_map(|cluster| match &cluster.place {
        Place::Google { region, project: Some(project), .. } => Some((project.as_str(), region.as_str())),
        _ => None,
    });
    let (project, location) = places.clone().next()?;
    let projects = several(places.map(|(project, _)| project));
    Some(GoogleValues { project, location, projects })
}

/// The first subscription with a cluster, and the others. An identity belongs to one tenant, and so do they.
fn azure(answers: &Answers) -> Option<AzureValues<'_>> {
    let places = answers.clusters.iter().filter_map(|cluster| match &cluster.place {
        Place::Azure { region, subscription: Some(subscription), tenant, .. } => {
            Some((subscription.as_str(), tenant.as_deref(), region.as_str()))
        }
        _ => None,
    });
    let (subscription, tenant, location) = places.clone().next()?;
    let subscriptions = several(places.map(|(subscription, _, _)| subscription));
    let scopes = subscriptions.map(|all| all.into_iter().map(|id| format!("/subscriptions/{id}")).collect());
    Some(AzureValues { subscription, tenant, location, scopes })
}

/// Each once, in their order; nothing where there is only one.
fn several<'a>(all: impl Iterator<Item = &'a str>) -> Option<Vec<&'a str>> {
    let mut each: Vec<&str> = Vec::new();
    for one in all {
        if !each.contains(&one) {
            each.push(one);
        }
    }
    (each.len() > 1).then_some(each)
}

fn pipeline(answers: &Answers, exact_subjects: bool) -> Option<PipelineValues<'_>> {
    let (issuer, environment) = match &answers.forge {
        Forge::GitHub { url } => {
            let issuer = url.as_ref().map(|url| format!("{}/_services/token", url.trim_end_matches('/')));
            (issuer, exact_subjects.then_some("kstack-apply"))
        }
        Forge::GitLab { url } => (url.clone(), None),
        // Jobs of Gitea get no token.
        Forge::Gitea { .. } | Forge::None => return None,
    };
    let repository = path(&answers.repository)?;
    let (owner, name) = repository.rsplit_once('/')?;
    let tags = answers.environments.iter().filter_map(|environment| match &environment.trigger {
        Trigger::Tag(tag) => Some(tag.as_str()),
        Trigger::Branch(_) => None,
    });
    Some(PipelineValues {
        forge: answers.forge.kind()?,
        url: answers.forge.url().map(|url| url.trim_end_matches('/')),
        issuer,
        owner: owner.to_owned(),
        name: name.to_owned(),
        repository,
        deploy_tags: tags.collect(),
        environment,
    })
}

/// `owner/name` out of a repository's address.
fn path(repository: &str) -> Option<String> {
    let (_, rest) = repository.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.contains('/').then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_repositories() {
        for url in ["https://github.com/acme/platform", "ssh://git@github.com:22/acme/platform.git/"] {
            assert_eq!(path(url).as_deref(), Some("acme/platform"), "{url}");
        }
        assert_eq!(path("https://gitlab.com/acme/infra/platform.git").as_deref(), Some("acme/infra/platform"));
        assert_eq!(path("ssh://git@git.example.com:2222/fleet.git"), None);
    }
}
