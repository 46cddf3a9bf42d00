//! The events of GitHub Actions, and of Gitea's and Forgejo's.
//!
//! Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>.

use serde::Deserialize;

use crate::forge::Variables;

use super::{GitEvent, GitEventError, PullRequestEvent, need};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    action: String,
    pull_request: PullRequest,
}

#[derive(Deserialize)]
struct PullRequest {
    number: u64,
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    sha: String,
    #[serde(rename = "ref")]
    branch: String,
    /// Absent when the other repository was deleted.
    repo: Option<Repo>,
}

#[derive(Deserialize)]
struct Repo {
    full_name: String,
}

pub(super) fn event(
    event: &str,
    variables: &Variables,
    read: impl FnOnce(&str) -> Result<String, std::io::Error>,
) -> Result<GitEvent, GitEventError> {
    let need = |name| need(event, variables, name);
    match event {
        "pull_request" => {
            let path = need("GITHUB_EVENT_PATH")?;
            let wrong = |reason: String| GitEventError::Document { path: path.clone(), reason };
            let text = read(&path).map_err(|error| wrong(error.to_string()))?;
            let Document { action, pull_request } =
                serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            let PullRequest { number, base, head } = pull_request;
            if action == "closed" {
                return Err(GitEventError::Closed { number });
            }
            let name = |side: &Side| side.repo.as_ref().map(|repo| repo.full_name.clone());
            // A head whose repository is unknown is treated as a stranger's.
            let fork = name(&head).is_none() || name(&head) != name(&base);
            Ok(GitEvent::PullRequest(PullRequestEvent {
                number: Some(number),
                base: base.sha,
                target: Some(base.branch),
                head: head.sha,
                fork,
            }))
        }
        "push" => {
            let commit = need("GITHUB_SHA")?;
            let reference = need("GITHUB_REF")?;
            if let Some(branch) = reference.strip_prefix("refs/heads/") {
                Ok(GitEvent::Push { branch: branch.to_owned(), commit })
            } else if let Some(tag) = reference.strip_prefix("refs/tags/") {
                Ok(GitEvent::Tag { tag: tag.to_owned(), commit })
            } else {
                Err(GitEventError::Unsupported { name: format!("push of `{reference}`") })
            }
        }
        "schedule" => Ok(GitEvent::Schedule { commit: need("GITHUB_SHA")? }),
        "pull_request_target" => Err(GitEventError::Target),
        _ => Err(GitEventError::Unsupported { name: event.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(variables: &[(&str, &str)], document: &str) -> Result<GitEvent, GitEventError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        GitEvent::read(&variables, |_| Ok(document.to_owned()))
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
        let document = |action: &str, head: &str| {
            format!(
                r#"{{"action":"{action}","pull_request":{{"number":7,
                "base":{{"sha":"b","ref":"main","repo":{{"full_name":"acme/p"}}}},
                "head":{{"sha":"h","ref":"x","repo":{head}}}}}}}"#
            )
        };
        let fork = |head: &str| match event(&variables, &document("opened", head)) {
            Ok(GitEvent::PullRequest(PullRequestEvent { fork, number: Some(7), .. })) => fork,
            other => panic!("{other:?}"),
        };
        assert!(!fork(r#"{"full_name":"acme/p"}"#));
        assert!(fork(r#"{"full_name":"stranger/p"}"#));
        assert!(fork("null"));
        assert!(matches!(event(&variables, "{}"), Err(GitEventError::Document { .. })));
        assert_eq!(event(&variables, &document("closed", "null")), Err(GitEventError::Closed { number: 7 }));
    }

    #[test]
    fn the_rest_is_refused() {
        let schedule = event(&[("GITHUB_EVENT_NAME", "schedule"), ("GITHUB_SHA", "c")], "");
        assert_eq!(schedule, Ok(GitEvent::Schedule { commit: "c".to_owned() }));
        assert_eq!(event(&[("GITHUB_EVENT_NAME", "pull_request_target")], ""), Err(GitEventError::Target));
        let other = event(&[("GITHUB_EVENT_NAME", "workflow_dispatch")], "");
        assert_eq!(other, Err(GitEventError::Unsupported { name: "workflow_dispatch".to_owned() }));
    }
}
