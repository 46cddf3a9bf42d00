//! Which event a job was started for: said by flags, or by the CI system's variables.

use std::collections::BTreeMap;

use crate::{
    error::CliError,
    pipeline::{GitEvent, GitEventError},
};

/// The event, and what belongs to it.
#[derive(Debug, clap::Args)]
pub(super) struct EventArgs {
    /// The event, instead of what the CI system says
    #[arg(long, value_enum, value_name = "EVENT")]
    event: Option<EventArg>,
    /// Commit that a pull request would be merged into
    #[arg(long, value_name = "REVISION", required_if_eq("event", "pull-request"))]
    base: Option<String>,
    /// The commit: a pull request's last, or what was pushed
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    head: String,
    /// Treat the pull request as a stranger's: nothing that needs credentials, nothing that runs its code
    #[arg(long)]
    fork: bool,
    /// The branch that was pushed
    #[arg(long, value_name = "NAME", required_if_eq("event", "push"))]
    branch: Option<String>,
    /// The tag that was pushed
    #[arg(long, value_name = "NAME", required_if_eq("event", "tag"))]
    tag: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EventArg {
    PullRequest,
    Push,
    Tag,
}

impl EventArgs {
    /// The event.
    ///
    /// # Errors
    /// When neither flags nor variables name one that kstack does something for.
    pub(super) fn read(&self) -> Result<GitEvent, CliError> {
        let (head, fork) = (self.head.clone(), self.fork);
        // clap has seen to it that what an event needs is there.
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        Ok(match self.event {
            Some(EventArg::PullRequest) => GitEvent::PullRequest { base: given(&self.base), head, fork },
            Some(EventArg::Push) => GitEvent::Push { branch: given(&self.branch), commit: head },
            Some(EventArg::Tag) => GitEvent::Tag { tag: given(&self.tag), commit: head },
            None => {
                let variables: BTreeMap<String, String> = std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                    .collect();
                GitEvent::from_github(&variables, |path| std::fs::read_to_string(path))?
            }
        })
    }
}

/// The two sides of `event`, and whether it comes from another repository.
///
/// # Errors
/// Any other event than a pull request: what is applied is applied by one run.
pub(super) fn pull_request(event: &GitEvent) -> Result<(&str, &str, bool), CliError> {
    match event {
        GitEvent::PullRequest { base, head, fork } => Ok((base, head, *fork)),
        GitEvent::Push { .. } | GitEvent::Tag { .. } => {
            Err(CliError::usage("only pull requests are planned in shards")
                .hint("`kstack ci` delivers a push or a tag in one run"))
        }
    }
}

impl From<GitEventError> for CliError {
    fn from(error: GitEventError) -> Self {
        let hint = match &error {
            GitEventError::NoEvent => {
                Some("outside of a CI system, name it: `kstack ci --event pull-request --base main`")
            }
            GitEventError::GitLab => Some(
                "name it: `kstack ci --event pull-request --base $CI_MERGE_REQUEST_DIFF_BASE_SHA`, `--event push \
                 --branch $CI_COMMIT_BRANCH` or `--event tag --tag $CI_COMMIT_TAG`",
            ),
            GitEventError::Unsupported { .. } => {
                Some("start the job on `pull_request`, and on `push` of branches and tags")
            }
            GitEventError::Missing { .. } | GitEventError::Document { .. } => None,
        };
        let error = Self::usage(error.to_string());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
