//! The events of GitLab CI: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use crate::forge::Variables;

use super::{GitEvent, GitEventError, PullRequestEvent, need};

pub(super) fn event(variables: &Variables) -> Result<GitEvent, GitEventError> {
    let source = need("pipeline", variables, "CI_PIPELINE_SOURCE")?;
    let need = |name| need(&source, variables, name);
    match source.as_str() {
        "merge_request_event" => {
            let number = need("CI_MERGE_REQUEST_IID")?;
            let wrong = |_| GitEventError::Unsupported { name: format!("merge request `{number}`") };
            let project = variables.get("CI_MERGE_REQUEST_PROJECT_ID");
            // In a pipeline for the merged result, the job's commit is one that GitLab made.
            let head = match variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") {
                Some(head) => head.to_owned(),
                None => need("CI_COMMIT_SHA")?,
            };
            Ok(GitEvent::PullRequest(PullRequestEvent {
                number: Some(number.parse().map_err(wrong)?),
                base: need("CI_MERGE_REQUEST_DIFF_BASE_SHA")?,
                target: variables.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME").map(ToOwned::to_owned),
                head,
                // What cannot be told is treated as a stranger's.
                fork: project.is_none() || project != variables.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"),
            }))
        }
        "push" => {
            let commit = need("CI_COMMIT_SHA")?;
            if let Some(tag) = variables.get("CI_COMMIT_TAG") {
                return Ok(GitEvent::Tag { tag: tag.to_owned(), commit });
            }
            Ok(GitEvent::Push { branch: need("CI_COMMIT_BRANCH")?, commit })
        }
        "schedule" => Ok(GitEvent::Schedule { commit: need("CI_COMMIT_SHA")? }),
        _ => Err(GitEventError::Unsupported { name: source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(pairs: &[(&str, &str)]) -> Result<GitEvent, GitEventError> {
        let all = [("GITLAB_CI", "true"), ("CI_COMMIT_SHA", "c")];
        let all = all.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        GitEvent::read(&all, |path| panic!("GitLab has no `{path}`"))
    }

    #[test]
    fn branches_tags_and_schedules_are_told_apart() {
        let push = [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_BRANCH", "main")];
        let commit = "c".to_owned();
        assert_eq!(event(&push), Ok(GitEvent::Push { branch: "main".to_owned(), commit: commit.clone() }));
        let tag = [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_TAG", "apps-1")];
        assert_eq!(event(&tag), Ok(GitEvent::Tag { tag: "apps-1".to_owned(), commit: commit.clone() }));
        // A schedule runs for a branch.
        let schedule = [("CI_PIPELINE_SOURCE", "schedule"), ("CI_COMMIT_BRANCH", "main")];
        assert_eq!(event(&schedule), Ok(GitEvent::Schedule { commit }));
        let web = event(&[("CI_PIPELINE_SOURCE", "web"), ("CI_COMMIT_BRANCH", "main")]);
        assert_eq!(web, Err(GitEventError::Unsupported { name: "web".to_owned() }));
        let nothing = event(&[("CI_PIPELINE_SOURCE", "push")]);
        assert!(matches!(nothing, Err(GitEventError::Missing { variable: "CI_COMMIT_BRANCH", .. })));
    }

    #[test]
    fn a_merge_request_is_told_with_its_own_last_commit() {
        let request = |more: &[(&str, &str)]| {
            let own = [
                ("CI_PIPELINE_SOURCE", "merge_request_event"),
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "b"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
                ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ];
            match event(&[&own[..], more].concat()) {
                Ok(GitEvent::PullRequest(request)) => request,
                other => panic!("{other:?}"),
            }
        };
        let plain = request(&[("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1")]);
        let expected = PullRequestEvent {
            number: Some(7),
            base: "b".to_owned(),
            target: Some("main".to_owned()),
            head: "c".to_owned(),
            fork: false,
        };
        assert_eq!(plain, expected);
        let merged =
            request(&[("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "h"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1")]);
        assert_eq!(merged.head, "h");
        assert!(request(&[("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2")]).fork);
        assert!(request(&[]).fork, "its project is gone");
    }
}
