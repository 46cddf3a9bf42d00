//! Who started a run: a job of a CI system, or a person. For people who ask later; nothing is decided by it.

use serde::{Deserialize, Serialize};

/// Who started a run, as the environment says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starter {
    /// The CI system; `None`: a person started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Who caused the job there, or else the user of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Address of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

impl Starter {
    /// Who started this process.
    pub fn from_env() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>, which Gitea and Forgejo
    /// follow, and <https://docs.gitlab.com/ci/variables/predefined_variables/>.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let any = |names: &[&str]| names.iter().find_map(|name| get(name));
        if get("GITLAB_CI").is_some() {
            return Self {
                system: Some("GitLab CI".to_owned()),
                actor: get("GITLAB_USER_LOGIN"),
                job: get("CI_JOB_URL"),
            };
        }
        let actions = match (get("GITEA_ACTIONS"), get("GITHUB_ACTIONS")) {
            (Some(_), _) => Some("Gitea Actions"),
            (None, Some(_)) => Some("GitHub Actions"),
            (None, None) => None,
        };
        if let Some(system) = actions {
            let job = || {
                let [server, repository, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(&get);
                Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
            };
            let actor = any(&["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"]);
            return Self { system: Some(system.to_owned()), actor, job: job() };
        }
        // What most other systems set as well.
        let system = get("CI").filter(|value| value != "false").map(|_| "CI".to_owned());
        Self { system, actor: any(&["USER", "LOGNAME"]), job: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> String {
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        serde_json::to_string(&Starter::read(get)).unwrap()
    }

    #[test]
    fn jobs_and_people_are_told_apart() {
        let actions = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/platform"),
            ("GITHUB_RUN_ID", "7"),
        ];
        insta::assert_snapshot!(read(&actions), @r#"{"system":"GitHub Actions","actor":"ada","job":"https://github.com/acme/platform/actions/runs/7"}"#);
        let gitlab =
            [("CI", "true"), ("GITLAB_CI", "true"), ("GITLAB_USER_LOGIN", "ada"), ("CI_JOB_URL", "https://x/1")];
        insta::assert_snapshot!(read(&gitlab), @r#"{"system":"GitLab CI","actor":"ada","job":"https://x/1"}"#);
        insta::assert_snapshot!(read(&[("CI", "1")]), @r#"{"system":"CI"}"#);
        insta::assert_snapshot!(read(&[("USER", "ada"), ("CI", "")]), @r#"{"actor":"ada"}"#);
    }
}
