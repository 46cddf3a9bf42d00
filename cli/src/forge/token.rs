//! The token that says who we are to a forge.

use secrecy::{ExposeSecret as _, SecretString};

use crate::platform::Forge;

use super::Variables;

/// Overrides the variable of the forge.
const OWN: &str = "KSTACK_FORGE_TOKEN";

/// A token. It cannot be formatted.
#[derive(Debug, Clone)]
pub struct Token {
    secret: SecretString,
    is_job: bool,
}

impl Token {
    /// The variables that can hold the token of `forge`, in the order in which they are looked for.
    ///
    /// GitHub's and Gitea's jobs get a token as `${{ github.token }}`, which their workflows hand on. GitLab's have
    /// `CI_JOB_TOKEN` by themselves, but may do little with it; see
    /// <https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-access>.
    pub fn variables(forge: &Forge) -> &'static [&'static str] {
        match forge {
            Forge::GitHub { .. } => &[OWN, "GITHUB_TOKEN"],
            Forge::GitLab { .. } => &[OWN, "GITLAB_TOKEN", "CI_JOB_TOKEN"],
            Forge::Gitea { .. } => &[OWN, "GITEA_TOKEN"],
            Forge::None => &[],
        }
    }

    /// The token for `forge`, if the environment has one.
    pub fn find(forge: &Forge, variables: &Variables) -> Option<Self> {
        let is_gitea = matches!(forge, Forge::Gitea { .. });
        let mut names = Self::variables(forge).to_vec();
        // Its jobs call the variable as GitHub's do. Elsewhere a token of that name is none of Gitea's business.
        if is_gitea && variables.is_gitea_actions() {
            names.push("GITHUB_TOKEN");
        }
        names.into_iter().find_map(|name| {
            let secret = SecretString::from(variables.get(name)?.to_owned());
            Some(Self { secret, is_job: name == "CI_JOB_TOKEN" })
        })
    }

    /// A token that is known already.
    pub fn new(secret: SecretString) -> Self {
        Self { secret, is_job: false }
    }

    /// Whether it is that of a job on GitLab, which is sent in another header and may do less.
    pub(super) fn is_job(&self) -> bool {
        self.is_job
    }

    /// For a header, and nothing else.
    pub(super) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}
