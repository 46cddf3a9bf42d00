//! `infra/bootstrap`: where states lie, and who the pipeline is in each cloud.

use serde::Serialize;

use super::{Answers, Provider, ScaffoldError, platform::Writer, values::Scope};
use crate::platform::{Forge, StateBackend, Trigger, layout};

/// The stack's folder below `infra/`.
const STACK: &str = "bootstrap";

/// `bootstrap` in templates: the clouds that the stack works in, and the pipeline.
#[derive(Debug, Serialize)]
pub(super) struct BootstrapValues<'a> {
    aws: Option<AwsValues<'a>>,
    /// Absent where no forge vouches for jobs.
    pipeline: Option<PipelineValues>,
}

#[derive(Debug, Serialize)]
struct AwsValues<'a> {
    region: &'a str,
}

#[derive(Debug, Serialize)]
struct PipelineValues {
    forge: &'static str,
    /// Who signs the tokens of jobs, where it is not the forge's public service.
    issuer: Option<String>,
    /// `owner/name`; in GitLab with all groups.
    repository: String,
    /// Patterns of the tags that promote.
    deploy_tags: Vec<String>,
}

impl<'a> BootstrapValues<'a> {
    /// `None` when state lies on this machine: then there is nothing to make first.
    pub(super) fn of(answers: &'a Answers) -> Option<Self> {
        if answers.state.is_local() {
            return None;
        }
        let region = match &answers.state {
            StateBackend::S3 { region, .. } => Some(region.as_str()),
            _ => answers
                .clusters
                .iter()
                .find(|cluster| cluster.provider() == Provider::Aws)
                .map(|cluster| cluster.region()),
        };
        Some(Self { aws: region.map(|region| AwsValues { region }), pipeline: pipeline(answers) })
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
    if values.pipeline.is_some() && values.aws.is_some() {
        writer.group("bootstrap/identity/aws", &folder, scope)?;
    }
    Ok(())
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

fn pipeline(answers: &Answers) -> Option<PipelineValues> {
    let issuer = match &answers.forge {
        Forge::GitHub { url } => url.as_ref().map(|url| format!("{}/_services/token", url.trim_end_matches('/'))),
        Forge::GitLab { url } => url.clone(),
        // Jobs of Gitea get no token.
        Forge::Gitea { .. } | Forge::None => return None,
    };
    Some(PipelineValues {
        forge: answers.forge.kind()?,
        issuer,
        repository: path(&answers.repository)?,
        deploy_tags: answers
            .environments
            .iter()
            .filter_map(|environment| match &environment.trigger {
                Trigger::Tag(pattern) => Some(pattern.clone()),
                Trigger::Branch(_) => None,
            })
            .collect(),
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
