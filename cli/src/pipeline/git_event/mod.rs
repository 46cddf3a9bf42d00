//! Which Git event a CI job was started for.

mod actions;
mod gitlab;

use crate::forge::Variables;

/// A Git event as the pipeline treats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitEvent {
    /// A pull request was opened or got new commits.
    PullRequest(PullRequestEvent),
    /// A branch got new commits.
    Push {
        /// The branch.
        branch: String,
        /// Its last commit.
        commit: String,
    },
    /// A tag was pushed.
    Tag {
        /// The tag.
        tag: String,
        /// The commit it names.
        commit: String,
    },
    /// The time has come to look whether everything is still as it should be.
    Schedule {
        /// The commit that the job has.
        commit: String,
    },
}

/// A pull request as an event tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestEvent {
    /// Its number at the forge; `None`: nothing can be written there.
    pub number: Option<u64>,
    /// The commit it would be merged into, or any that the branch began at or after.
    pub base: String,
    /// The branch it would be merged into, if that is known.
    pub target: Option<String>,
    /// Its last commit.
    pub head: String,
    /// Whether it comes from another repository: then nothing that needs credentials is done.
    pub fork: bool,
}

/// Why no event can be told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitEventError {
    /// Nothing in the environment names an event.
    #[error("no CI event is known from the environment")]
    NoEvent,
    /// An event that kstack does nothing for.
    #[error("kstack does nothing for event `{name}`")]
    Unsupported {
        /// The event's name in the CI system.
        name: String,
    },
    /// An event in which a stranger's code would get the rights of the repository.
    #[error(
        "kstack does nothing for event `pull_request_target`: it gives a stranger's change the secrets of the repository"
    )]
    Target,
    /// Nothing is planned for what is closed.
    #[error("pull request #{number} is closed")]
    Closed {
        /// Its number.
        number: u64,
    },
    /// A variable that the event needs is missing.
    #[error("event `{event}` needs `{variable}`, which is not set")]
    Missing {
        /// The event's name in the CI system.
        event: String,
        /// The variable.
        variable: &'static str,
    },
    /// The event's document cannot be read.
    #[error("cannot read the event document `{path}`: {reason}")]
    Document {
        /// Its path, as the CI system says.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl GitEvent {
    /// Reads the variables of the CI system: those of GitHub Actions, which Gitea and Forgejo Actions set as well, or
    /// those of GitLab. `read` gets the document at the path in `GITHUB_EVENT_PATH`.
    ///
    /// # Errors
    /// [`GitEventError`]; an event is never guessed.
    pub fn read(
        variables: &Variables,
        read: impl FnOnce(&str) -> Result<String, std::io::Error>,
    ) -> Result<Self, GitEventError> {
        if let Some(event) = variables.get("GITHUB_EVENT_NAME") {
            actions::event(event, variables, read)
        } else if variables.is_gitlab() {
            gitlab::event(variables)
        } else {
            Err(GitEventError::NoEvent)
        }
    }
}

/// The variable `name`, which `event` cannot do without.
fn need(event: &str, variables: &Variables, name: &'static str) -> Result<String, GitEventError> {
    let missing = || GitEventError::Missing { event: event.to_owned(), variable: name };
    variables.get(name).map(ToOwned::to_owned).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_guessed() {
        let event = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            GitEvent::read(&variables, |_| Ok(String::new()))
        };
        assert_eq!(event(&[]), Err(GitEventError::NoEvent));
        assert_eq!(event(&[("CI", "true"), ("GITHUB_EVENT_NAME", "")]), Err(GitEventError::NoEvent));
        let missing = GitEventError::Missing { event: "pipeline".to_owned(), variable: "CI_PIPELINE_SOURCE" };
        assert_eq!(event(&[("GITLAB_CI", "true")]), Err(missing));
    }
}
