//! Which Git event a CI job was started for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A Git event as the pipeline treats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitEvent {
    /// A pull request was opened or got new commits.
    PullRequest {
        /// The commit it would be merged into.
        base: String,
        /// Its last commit.
        head: String,
        /// Whether it comes from another repository: then nothing that needs credentials is done.
        fork: bool,
    },
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
}

/// Why no event can be told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitEventError {
    /// Nothing in the environment names an event.
    #[error("no CI event is known from the environment")]
    NoEvent,
    /// The job runs on GitLab, whose variables are not read.
    #[error("the events of GitLab are not read from its variables")]
    GitLab,
    /// An event that kstack does nothing for.
    #[error("kstack does nothing for event `{name}`")]
    Unsupported {
        /// The event's name in the CI system.
        name: String,
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
    #[error("the event document is not as expected: {reason}")]
    Document {
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Document {
    pull_request: PullRequest,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    sha: String,
    /// Absent when the other repository was deleted.
    repo: Option<Repo>,
}

#[derive(Deserialize)]
struct Repo {
    full_name: String,
}

impl GitEvent {
    /// Reads the variables of GitHub Actions, which Gitea and Forgejo Actions set as well. `read` gets
    /// the document at the path in `GITHUB_EVENT_PATH`.
    ///
    /// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>.
    ///
    /// # Errors
    /// [`GitEventError`]; an event is never guessed.
    pub fn from_github(
        variables: &BTreeMap<String, String>,
        read: impl FnOnce(&str) -> Result<String, std::io::Error>,
    ) -> Result<Self, GitEventError> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        // Set in every job: <https://docs.gitlab.com/ci/variables/predefined_variables/>.
        let none = || if get("GITLAB_CI").is_some() { GitEventError::GitLab } else { GitEventError::NoEvent };
        let event = get("GITHUB_EVENT_NAME").ok_or_else(none)?;
        let need = |variable| get(variable).ok_or_else(|| GitEventError::Missing { event: event.clone(), variable });
        match event.as_str() {
            "pull_request" => {
                let wrong = |reason: String| GitEventError::Document { reason };
                let text = read(&need("GITHUB_EVENT_PATH")?).map_err(|error| wrong(error.to_string()))?;
                let PullRequest { base, head } =
                    serde_json::from_str::<Document>(&text).map_err(|error| wrong(error.to_string()))?.pull_request;
                let name = |side: &Side| side.repo.as_ref().map(|repo| repo.full_name.clone());
                // A head whose repository is unknown is treated as a stranger's.
                let fork = name(&head).is_none() || name(&head) != name(&base);
                Ok(Self::PullRequest { base: base.sha, head: head.sha, fork })
            }
            "push" => {
                let commit = need("GITHUB_SHA")?;
                let reference = need("GITHUB_REF")?;
                if let Some(branch) = reference.strip_prefix("refs/heads/") {
                    Ok(Self::Push { branch: branch.to_owned(), commit })
                } else if let Some(tag) = reference.strip_prefix("refs/tags/") {
                    Ok(Self::Tag { tag: tag.to_owned(), commit })
                } else {
                    Err(GitEventError::Unsupported { name: format!("push of `{reference}`") })
                }
            }
            _ => Err(GitEventError::Unsupported { name: event }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(variables: &[(&str, &str)], document: &str) -> Result<GitEvent, GitEventError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        GitEvent::from_github(&variables, |_| Ok(document.to_owned()))
    }

    #[test]
    fn pushes_of_branches_and_tags_are_told_apart() {
        let push =
            |reference| event(&[("GITHUB_EVENT_NAME", "push"), ("GITHUB_SHA", "c"), ("GITHUB_REF", reference)], "");
        let commit = "c".to_owned();
        assert_eq!(
            push("refs/heads/feature/x"),
            Ok(GitEvent::Push { branch: "feature/x".to_owned(), commit: commit.clone() })
        );
        assert_eq!(push("refs/tags/apps-deploy-1"), Ok(GitEvent::Tag { tag: "apps-deploy-1".to_owned(), commit }));
        assert!(matches!(push("refs/notes/x"), Err(GitEventError::Unsupported { .. })));
        assert!(matches!(push(""), Err(GitEventError::Missing { variable: "GITHUB_REF", .. })));
    }

    #[test]
    fn a_pull_request_from_elsewhere_is_a_fork() {
        let variables = [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", "event.json")];
        let document = |head: &str| {
            format!(
                r#"{{"pull_request":{{"base":{{"sha":"b","repo":{{"full_name":"acme/p"}}}},"head":{{"sha":"h","repo":{head}}}}}}}"#
            )
        };
        let fork = |head: &str| match event(&variables, &document(head)) {
            Ok(GitEvent::PullRequest { fork, .. }) => fork,
            other => panic!("{other:?}"),
        };
        assert!(!fork(r#"{"full_name":"acme/p"}"#));
        assert!(fork(r#"{"full_name":"stranger/p"}"#));
        assert!(fork("null"));
        assert!(matches!(event(&variables, "{}"), Err(GitEventError::Document { .. })));
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(event(&[], ""), Err(GitEventError::NoEvent));
        assert_eq!(event(&[("GITLAB_CI", "true")], ""), Err(GitEventError::GitLab));
        let other = event(&[("GITHUB_EVENT_NAME", "workflow_dispatch")], "");
        assert_eq!(other, Err(GitEventError::Unsupported { name: "workflow_dispatch".to_owned() }));
    }
}
