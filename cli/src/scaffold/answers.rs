//! What `kstack init` has to know, and what is wrong with it before anything is written.

use std::collections::BTreeSet;

use super::Cluster;
use crate::platform::{EnvironmentName, Forge, InvalidName, PlatformName, StateBackend};

/// Everything that a new platform is made from. `kstack.hcl` is where it is kept: there is no
/// second file of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The platform's name.
    pub name: PlatformName,
    /// The DNS domain below which clusters get their names.
    pub base_domain: String,
    /// Where the engines pull the repository from.
    pub repository: String,
    /// The branch that reviewed changes are merged into.
    pub default_branch: String,
    /// Environments in the order of promotion.
    pub environments: Vec<EnvironmentName>,
    /// The clusters, each of them in every environment.
    pub clusters: Vec<Cluster>,
    /// Where Terraform state lives.
    pub state: StateBackend,
    /// The Git forge.
    pub forge: Forge,
}

/// An answer that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The flag that gives the answer.
    pub flag: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Longest name of a cluster. It becomes a DNS label and the value of a Kubernetes label, and
/// both end at 63 characters (RFC 1123).
const LONGEST_NAME: usize = 63;

impl Answers {
    /// Everything that is wrong, in the order of the fields; empty when a platform can be made.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |flag, message| problems.push(Problem { flag, message });
        if let Err(reason) = check_domain(&self.base_domain) {
            problem("--base-domain", format!("`{}` is not a domain: {reason}", self.base_domain));
        }
        if has_credentials(&self.repository) {
            // What is wrong is a secret: it is not repeated.
            let message = "the address holds credentials; they belong to the hand-over, not into the repository";
            problem("--repository", message.to_owned());
        } else if let Err(reason) = check_repository(&self.repository) {
            problem("--repository", format!("`{}` cannot be pulled by an engine: {reason}", self.repository));
        }
        if !is_branch(&self.default_branch) {
            problem("--default-branch", format!("`{}` is not a branch name", self.default_branch));
        }
        if self.environments.is_empty() {
            problem("--environments", "there is no environment".to_owned());
        }
        let mut seen = BTreeSet::new();
        for environment in &self.environments {
            if !seen.insert(environment.as_str()) {
                problem("--environments", format!("environment `{environment}` is named twice"));
            }
            if environment.as_str() == "shared" {
                problem("--environments", "`shared` is what stacks without an environment are filed under".to_owned());
            }
        }
        if self.clusters.is_empty() {
            problem("--cluster", "there is no cluster".to_owned());
        }
        let mut seen = BTreeSet::new();
        for cluster in &self.clusters {
            match cluster.stack() {
                Err(InvalidName { name, reason, .. }) => {
                    problem("--cluster", format!("cluster `{cluster}` would have the stack `{name}`: {reason}"));
                }
                Ok(stack) if !seen.insert(stack.to_string()) => {
                    problem("--cluster", format!("cluster `{cluster}` is named twice"));
                }
                Ok(_) => {}
            }
            for environment in &self.environments {
                let name = cluster.name_in(environment);
                if name.len() > LONGEST_NAME {
                    let length = name.len();
                    problem(
                        "--cluster",
                        format!(
                            "cluster `{cluster}` would be called `{name}` in `{environment}`: {length} characters, of {LONGEST_NAME}"
                        ),
                    );
                }
            }
        }
        if let StateBackend::S3 { bucket, .. } = &self.state
            && !is_bucket(bucket)
        {
            problem("--state", format!("`{bucket}` is not a bucket name"));
        }
        if self.forge != Forge::None && self.state.is_local() {
            let message = "a pipeline cannot reach state on this machine; give `--state s3://<bucket>`";
            problem("--forge", message.to_owned());
        }
        problems
    }

    /// The environment that the others inherit from: `apps`, or the last one.
    pub fn base_environment(&self) -> Option<&EnvironmentName> {
        self.environments.iter().find(|name| name.as_str() == "apps").or_else(|| self.environments.last())
    }
}

/// The forge that a repository's address belongs to.
pub fn forge_of(repository: &str) -> Forge {
    let host = repository.split_once("://").map_or(repository, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    if host.split(':').next() == Some("github.com") { Forge::GitHub { url: None } } else { Forge::None }
}

/// A platform name out of a folder's name, if one can be made.
pub fn platform_name(folder: &str) -> Option<PlatformName> {
    let name: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .skip_while(|c| !c.is_ascii_lowercase())
        .collect();
    PlatformName::new(name.trim_end_matches('-')).ok()
}

fn check_domain(domain: &str) -> Result<(), &'static str> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.len() > 200 {
        Err("it is longer than 200 characters, which leaves no room for the names of clusters")
    } else if !domain.contains('.') {
        Err("write it with its parent, such as `platform.example.com`")
    } else if !domain.split('.').all(label) {
        Err("only lower-case letters, digits, `-` and `.` between parts are allowed")
    } else {
        Ok(())
    }
}

/// What Flux's source controller takes: http, https and ssh addresses.
fn check_repository(url: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(if url.contains('@') && url.contains(':') {
            "write `ssh://git@host/path` instead of `git@host:path`"
        } else {
            "write an address that begins with `https://` or `ssh://`"
        });
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !["https", "http", "ssh"].contains(&scheme) {
        Err("only `https`, `http` and `ssh` addresses are")
    } else if url.chars().any(|c| c.is_whitespace() || c.is_control() || "?#\"'`\\$".contains(c)) {
        Err("it holds a character that addresses of repositories do not have")
    } else if authority.is_empty() || path.trim_matches('/').is_empty() {
        Err("it names no repository on a host")
    } else {
        Ok(())
    }
}

/// Whether an address carries a password or token; the user of an ssh address is none.
fn has_credentials(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| scheme != "ssh" || user.contains(':'))
}

/// The rules of `git check-ref-format` for one branch name, as far as people get them wrong.
fn is_branch(name: &str) -> bool {
    !name.is_empty()
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".lock"))
        && !name.contains("..")
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_ascii_graphic() && !"~^:?*[\\@{\"'`$".contains(c))
}

/// The rules of S3 for bucket names that do not depend on other accounts.
fn is_bucket(name: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| outer(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(outer)
        && name.bytes().last().is_some_and(outer)
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        let name = |text| EnvironmentName::new(text).unwrap();
        Answers {
            name: PlatformName::new("acme").unwrap(),
            base_domain: "platform.example.com".into(),
            repository: "https://github.com/acme/platform".into(),
            default_branch: "main".into(),
            environments: vec![name("ops"), name("apps")],
            clusters: vec!["aws:gc0:eu-west-1".parse().unwrap()],
            state: StateBackend::S3 { bucket: "acme-kstack-state".into(), region: "eu-west-1".into() },
            forge: Forge::GitHub { url: None },
        }
    }

    fn messages(answers: &Answers) -> Vec<String> {
        answers.problems().into_iter().map(|problem| format!("{}: {}", problem.flag, problem.message)).collect()
    }

    #[test]
    fn good_answers_have_no_problems() {
        assert_eq!(messages(&answers()), Vec::<String>::new());
        assert_eq!(answers().base_environment().unwrap().as_str(), "apps");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut wrong = answers();
        wrong.base_domain = "Platform".into();
        wrong.repository = "git@github.com:acme/platform".into();
        wrong.default_branch = "ma in".into();
        wrong.environments.push(wrong.environments[0].clone());
        wrong.environments.push(EnvironmentName::new("shared").unwrap());
        wrong.clusters.push(wrong.clusters[0].clone());
        wrong.clusters.push(format!("aws:{}:ap-southeast-2", "n".repeat(48)).parse().unwrap());
        wrong.state = StateBackend::S3 { bucket: "No".into(), region: "eu-west-1".into() };
        insta::assert_snapshot!(messages(&wrong).join("\n"), @r"
        --base-domain: `Platform` is not a domain: write it with its parent, such as `platform.example.com`
        --repository: `git@github.com:acme/platform` cannot be pulled by an engine: write `ssh://git@host/path` instead of `git@host:path`
        --default-branch: `ma in` is not a branch name
        --environments: environment `ops` is named twice
        --environments: `shared` is what stacks without an environment are filed under
        --cluster: cluster `aws:gc0:eu-west-1` is named twice
        --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southeast-2` would have the stack `eks-nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-ap-southeast-2`: it is longer than 63 characters
        --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southeast-2` would be called `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-ops-ap-southeast-2` in `ops`: 67 characters, of 63
        --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southeast-2` would be called `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-apps-ap-southeast-2` in `apps`: 68 characters, of 63
        --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southeast-2` would be called `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-ops-ap-southeast-2` in `ops`: 67 characters, of 63
        --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southeast-2` would be called `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-shared-ap-southeast-2` in `shared`: 70 characters, of 63
        --state: `No` is not a bucket name
        ");
    }

    #[test]
    fn repositories_that_engines_can_pull() {
        for url in ["https://github.com/acme/platform", "ssh://git@host:2222/acme/p.git", "http://127.0.0.1:8000/p.git"]
        {
            assert_eq!(check_repository(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "platform",
            "/srv/git/p",
            "file:///srv/p",
            "https://",
            "https://host",
            "https://host/",
            "https://host/a b",
            "https://host/p?x=${y}",
        ] {
            assert!(check_repository(url).is_err(), "{url}");
        }
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for url in ["https://s3cret@host/p", "ssh://git:s3cret@host/p", "https://user:s3cret@host/p"] {
            let refused = messages(&Answers { repository: url.into(), ..answers() });
            assert!(refused.len() == 1 && !refused[0].contains("s3cret"), "{refused:?}");
        }
        assert!(!has_credentials("ssh://git@host/p") && !has_credentials("https://host/a@b"));
    }

    #[test]
    fn the_forge_is_the_host() {
        for url in ["https://github.com/a/b", "ssh://git@github.com/a/b", "ssh://git@github.com:22/a/b"] {
            assert_eq!(forge_of(url), Forge::GitHub { url: None }, "{url}");
        }
        for url in ["https://github.com.evil.example/a", "https://example.com/github.com/a", "http://127.0.0.1:1/p"] {
            assert_eq!(forge_of(url), Forge::None, "{url}");
        }
    }

    #[test]
    fn folders_name_platforms() {
        assert_eq!(platform_name("My_Platform.git").unwrap().as_str(), "my-platform-git");
        assert_eq!(platform_name("2nd-try-").unwrap().as_str(), "nd-try");
        assert_eq!(platform_name("42"), None);
    }
}
