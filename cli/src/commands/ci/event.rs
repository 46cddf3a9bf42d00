//! Which event a job was started for: said by flags, or by the CI system's variables.

use crate::{
    error::CliError,
    forge::Variables,
    pipeline::{GitEvent, GitEventError, PullRequestEvent},
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
    /// The commit: a pull request's last, what was pushed, or what is checked
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    head: String,
    /// Number of the pull request at the forge, where its comment goes
    #[arg(long, value_name = "NUMBER")]
    pull_request: Option<u64>,
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
    Schedule,
}

impl EventArgs {
    /// Whether flags name the event.
    pub(super) fn is_said(&self) -> bool {
        self.event.is_some()
    }

    /// The event.
    ///
    /// # Errors
    /// When neither flags nor variables name one that kstack does something for.
    pub(super) fn read(&self) -> Result<GitEvent, CliError> {
        let commit = self.head.clone();
        // clap has seen to it that what an event needs is there.
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        Ok(match self.event {
            Some(EventArg::PullRequest) => GitEvent::PullRequest(PullRequestEvent {
                number: self.pull_request,
                base: given(&self.base),
                target: None,
                head: commit,
                fork: self.fork,
            }),
            Some(EventArg::Push) => GitEvent::Push { branch: given(&self.branch), commit },
            Some(EventArg::Tag) => GitEvent::Tag { tag: given(&self.tag), commit },
            Some(EventArg::Schedule) => GitEvent::Schedule { commit },
            None => {
                let mut event = GitEvent::read(&Variables::of_process(), |path| std::fs::read_to_string(path))?;
                if let GitEvent::PullRequest(event) = &mut event {
                    event.fork |= self.fork;
                }
                event
            }
        })
    }
}

/// The pull request that `event` is about.
///
/// # Errors
/// Any other event: what is applied is applied by one run.
pub(super) fn pull_request(event: &GitEvent) -> Result<&PullRequestEvent, CliError> {
    match event {
        GitEvent::PullRequest(event) => Ok(event),
        GitEvent::Push { .. } | GitEvent::Tag { .. } | GitEvent::Schedule { .. } => {
            Err(CliError::usage("only pull requests are planned in shards")
                .hint("`kstack ci` does everything else in one run"))
        }
    }
}

impl From<GitEventError> for CliError {
    fn from(error: GitEventError) -> Self {
        let message = error.to_string();
        match error {
            GitEventError::NoEvent => Self::usage(message)
                .hint("outside of a CI system, name it: `kstack ci --event pull-request --base main`"),
            GitEventError::Unsupported { .. } => Self::usage(message).hint(
                "start the job for pull requests (merge requests), for pushes of branches and tags, and on a schedule",
            ),
            GitEventError::Target => Self::usage(message).hint("start the job on `pull_request`"),
            GitEventError::Closed { .. } => {
                Self::user(message).hint("reopen it, or open a new one; what was merged is delivered by the push")
            }
            GitEventError::Missing { variable, .. } => Self::user(message).hint(format!(
                "the CI system sets `{variable}` in every job; a container or `env -i` may keep it from kstack"
            )),
            GitEventError::Document { .. } => Self::user(message)
                .hint("the CI system writes it for the job; a container needs it mounted at the same path"),
        }
    }
}
