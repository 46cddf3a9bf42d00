//! Which event a job was started for: said by flags, or by the CI system's variables.

use crate::{
    error::CliError,
    forge::Variables,
    pipeline::{GitEvent, GitEventError, PullRequestEvent},
};

use super::trust::Said;

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

impl EventArgs {
    /// What the event's document says of the pull request beside its commits; nothing where there is none. As GitHub's
    /// and Gitea's have it, or the variables of GitLab.
    ///
    /// # Errors
    /// A document that cannot be read.
    pub(super) fn facts(&self) -> Result<Said, CliError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| self.event.is_none() && !value.is_empty());
        if let Some(description) = variable("CI_MERGE_REQUEST_DESCRIPTION") {
            let labels = variable("CI_MERGE_REQUEST_LABELS").unwrap_or_default();
            let labels = labels.split(',').map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
            return Ok(Said { description, labels: labels.collect() });
        }
        let Some(path) = variable("GITHUB_EVENT_PATH") else { return Ok(Said::default()) };
        let wrong = |reason: String| GitEventError::Document { path: path.clone(), reason };
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let document: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let pull_request = &document["pull_request"];
        let labels = pull_request["labels"].as_array().into_iter().flatten();
        Ok(Said {
            description: pull_request["body"].as_str().unwrap_or_default().to_owned(),
            labels: labels.filter_map(|label| label["name"].as_str().map(str::to_owned)).collect(),
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
