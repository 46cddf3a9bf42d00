//! `kstack ci`.

mod deliver;
mod pull_request;

use std::{collections::BTreeMap, path::PathBuf};

use super::{Context, delivery::DeliveryArgs};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{GitEvent, GitEventError},
};

/// Do what a pull request, push or tag asks for
///
/// The event comes from the variables of GitHub Actions (Gitea's and Forgejo's are the same), or from `--event`
/// and the flags that belong to it, as on GitLab. What it does is what the other commands do; nothing is guessed.
/// Nothing is posted to the forge yet: the comment goes to `--comment`, and the only status is that of the job.
#[derive(Debug, clap::Args)]
pub struct CiArgs {
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
    /// Write the comment as Markdown to this file; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    comment: PathBuf,
    #[command(flatten)]
    delivery: DeliveryArgs,
    /// Leave the clusters alone after an apply
    #[arg(long)]
    no_handoff: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EventArg {
    PullRequest,
    Push,
    Tag,
}

/// Does what the event asks for.
///
/// # Errors
/// When no event is known, or as the commands that it stands for.
pub fn run(context: &mut Context<'_>, args: &CiArgs) -> Result<ExitCode, CliError> {
    match args.event()? {
        GitEvent::PullRequest { base, head, fork } => pull_request::run(context, args, &base, &head, fork),
        GitEvent::Push { branch, commit } => deliver::branch(context, args, &branch, &commit),
        GitEvent::Tag { tag, commit } => deliver::tag(context, args, &tag, &commit),
    }
}

impl CiArgs {
    fn event(&self) -> Result<GitEvent, CliError> {
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
