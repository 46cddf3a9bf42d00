//! Where a repository lies at its forge: from the variables of the CI system, or from `kstack.hcl`.

use std::collections::BTreeMap;

use crate::platform::Forge;

use super::ForgeError;

/// Environment variables, without empty ones.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process; what is not UTF-8 is none of ours.
    pub fn of_process() -> Self {
        let all = std::env::vars_os();
        all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }

    /// The value of `name`, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether this is a job of Gitea or Forgejo, which otherwise look like GitHub's.
    pub fn is_gitea_actions(&self) -> bool {
        self.get("GITEA_ACTIONS").is_some() || self.get("FORGEJO_ACTIONS").is_some()
    }

    /// Whether this is a job of GitHub.
    pub fn is_github_actions(&self) -> bool {
        self.get("GITHUB_ACTIONS").is_some() && !self.is_gitea_actions()
    }

    /// Whether this is a job of GitLab.
    pub fn is_gitlab(&self) -> bool {
        self.get("GITLAB_CI").is_some()
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(all: I) -> Self {
        Self(all.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}

/// A repository at a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The forge, without its address; never [`Forge::None`].
    pub(super) forge: Forge,
    /// Address of the API, without a slash at its end.
    pub(super) api: String,
    /// Address of GitHub's other API.
    pub(super) graphql: String,
    /// `owner/name`; on GitLab the whole path, or the number of the project.
    pub(super) repository: String,
    /// Page of the job that runs.
    pub(super) job: Option<String>,
    /// On GitLab, the pipeline that runs and the commit that it runs for.
    pub(super) pipeline: Option<(u64, String)>,
}

impl Address {
    /// Where `repository` (the address in `kstack.hcl`) lies at `forge`. What the CI system says of itself comes first:
    /// a change cannot move it, and so cannot send the token elsewhere. `None` without a forge.
    ///
    /// Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
    /// <https://docs.gitlab.com/ci/variables/predefined_variables/>; Gitea sets the variables of GitHub.
    ///
    /// # Errors
    /// [`ForgeError::Repository`].
    pub fn find(forge: &Forge, repository: &str, variables: &Variables) -> Result<Option<Self>, ForgeError> {
        let Some(title) = forge.title() else { return Ok(None) };
        let get = |name: &str| variables.get(name).map(|value| value.trim_end_matches('/').to_owned());
        let job_of_actions = || {
            let (server, name, run) = (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?, get("GITHUB_RUN_ID")?);
            Some(format!("{server}/{name}/actions/runs/{run}"))
        };
        let own = forge.url().map(|url| url.trim_end_matches('/'));
        let is_ours = match forge {
            Forge::GitHub { .. } => variables.is_github_actions(),
            Forge::Gitea { .. } => variables.is_gitea_actions(),
            Forge::GitLab { .. } => variables.is_gitlab(),
            Forge::None => false,
        };
        let said = |name: &str| get(name).filter(|_| is_ours);
        let path = || {
            let path = repository.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
            let path = path.map(|path| path.trim_matches('/').trim_end_matches(".git").to_owned());
            path.filter(|path| matches!(forge, Forge::GitLab { .. }) || path.matches('/').count() == 1)
                .ok_or_else(|| ForgeError::Repository { forge: title, repository: repository.to_owned() })
        };
        let host = |url: &str| url.split_once("://").map_or_else(|| url.to_owned(), |(_, host)| host.to_owned());
        Ok(Some(match forge {
            Forge::GitHub { .. } => {
                // Enterprise has both below one host: <https://docs.github.com/en/enterprise-server/rest/quickstart>.
                let own = own.filter(|url| host(url) != "github.com");
                let api = own.map_or_else(|| "https://api.github.com".to_owned(), |url| format!("{url}/api/v3"));
                let graphql =
                    own.map_or_else(|| "https://api.github.com/graphql".to_owned(), |url| format!("{url}/api/graphql"));
                Self {
                    forge: forge.clone(),
                    api: said("GITHUB_API_URL").unwrap_or(api),
                    graphql: said("GITHUB_GRAPHQL_URL").unwrap_or(graphql),
                    repository: said("GITHUB_REPOSITORY").map_or_else(path, Ok)?,
                    job: is_ours.then(job_of_actions).flatten(),
                    pipeline: None,
                }
            }
            Forge::Gitea { .. } => Self {
                forge: forge.clone(),
                api: said("GITHUB_API_URL").unwrap_or_else(|| format!("{}/api/v1", own.unwrap_or("https://gitea.com"))),
                graphql: String::new(),
                repository: said("GITHUB_REPOSITORY").map_or_else(path, Ok)?,
                job: is_ours.then(job_of_actions).flatten(),
                pipeline: None,
            },
            _ => Self {
                forge: forge.clone(),
                api: said("CI_API_V4_URL").unwrap_or_else(|| format!("{}/api/v4", own.unwrap_or("https://gitlab.com"))),
                graphql: String::new(),
                // The pipeline of a merge request from a fork may run there; what is talked about is where it goes.
                repository: said("CI_MERGE_REQUEST_PROJECT_ID")
                    .or_else(|| said("CI_PROJECT_ID"))
                    .map_or_else(path, Ok)?,
                job: said("CI_JOB_URL"),
                pipeline: said("CI_PIPELINE_ID").and_then(|id| id.parse().ok()).zip(said("CI_COMMIT_SHA")),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(forge: &Forge, repository: &str, variables: &[(&str, &str)]) -> Address {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Address::find(forge, repository, &variables).unwrap().unwrap()
    }

    #[test]
    fn addresses_follow_the_platform_and_the_ci_system_comes_first() {
        let github = Forge::GitHub { url: None };
        let public = find(&github, "https://github.com/acme/platform.git", &[]);
        assert_eq!((public.api.as_str(), public.repository.as_str()), ("https://api.github.com", "acme/platform"));
        let enterprise = Forge::GitHub { url: Some("https://git.acme.com/".to_owned()) };
        let own = find(&enterprise, "ssh://git@git.acme.com/acme/platform", &[]);
        assert_eq!(own.api, "https://git.acme.com/api/v3");
        assert_eq!(own.graphql, "https://git.acme.com/api/graphql");

        let job = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "http://127.0.0.1:1/api/v3"),
            ("GITHUB_GRAPHQL_URL", "http://127.0.0.1:1/api/graphql"),
            ("GITHUB_REPOSITORY", "acme/real"),
            ("GITHUB_SERVER_URL", "http://127.0.0.1:1"),
            ("GITHUB_RUN_ID", "77"),
        ];
        let elsewhere = Forge::GitHub { url: Some("https://evil.example".to_owned()) };
        let own = find(&elsewhere, "https://evil.example/a/b", &job);
        assert_eq!((own.api.as_str(), own.repository.as_str()), ("http://127.0.0.1:1/api/v3", "acme/real"));
        assert_eq!(own.job.as_deref(), Some("http://127.0.0.1:1/acme/real/actions/runs/77"));
    }

    #[test]
    fn gitea_and_gitlab_are_told_from_github() {
        let gitea = Forge::Gitea { url: Some("https://git.acme.com".to_owned()) };
        let job =
            [("GITHUB_ACTIONS", "true"), ("GITEA_ACTIONS", "true"), ("GITHUB_API_URL", "http://127.0.0.1:1/api/v1")];
        assert_eq!(find(&gitea, "https://git.acme.com/acme/p", &job).api, "http://127.0.0.1:1/api/v1");
        // A job of GitHub says nothing of a Gitea.
        let other = [("GITHUB_ACTIONS", "true"), ("GITHUB_API_URL", "https://api.github.com")];
        assert_eq!(find(&gitea, "https://git.acme.com/acme/p", &other).api, "https://git.acme.com/api/v1");

        let gitlab = Forge::GitLab { url: None };
        assert_eq!(find(&gitlab, "https://gitlab.com/acme/sub/p.git", &[]).repository, "acme/sub/p");
        let job = [("GITLAB_CI", "true"), ("CI_PROJECT_ID", "9"), ("CI_MERGE_REQUEST_PROJECT_ID", "7")];
        assert_eq!(find(&gitlab, "https://gitlab.com/acme/p", &job).repository, "7");
        let wrong = Address::find(&gitea, "https://git.acme.com/p", &Variables::default());
        assert!(matches!(wrong, Err(ForgeError::Repository { .. })));
        assert_eq!(Address::find(&Forge::None, "x", &Variables::default()).unwrap(), None);
    }
}
