//! The platforms that the tests of this folder render.

use kstack::{
    platform::{EnvironmentName, Forge, PlatformName, StateBackend},
    scaffold::{Answers, Assets, ChangeSet, Cluster, platform},
};

/// Install manifests of an engine as small as they can be: the scaffold copies the text it is given.
pub const ENGINE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: flux-system
";

fn answers(name: &str, repository: &str, environments: &[&str], clusters: &[&str]) -> Answers {
    Answers {
        name: PlatformName::new(name).unwrap(),
        base_domain: format!("{name}.example.com"),
        repository: repository.to_owned(),
        default_branch: "main".to_owned(),
        environments: environments.iter().map(|name| EnvironmentName::new(*name).unwrap()).collect(),
        clusters: clusters.iter().map(|text| text.parse::<Cluster>().unwrap()).collect(),
        state: StateBackend::Local { path: ".kstack/state".to_owned() },
        forge: Forge::None,
    }
}

/// One cluster on this machine.
pub fn local() -> Answers {
    answers("local", "https://git.example.com/acme/local", &["ops", "apps"], &["local:gc0"])
}

/// One cluster in AWS, reviewed on GitHub.
pub fn aws() -> Answers {
    let answers = answers("acme", "https://github.com/acme/platform", &["ops", "apps"], &["aws:gc0:eu-west-1"]);
    Answers {
        state: StateBackend::S3 { bucket: "acme-kstack-state".into(), region: "eu-west-1".into() },
        forge: Forge::GitHub { url: None },
        ..answers
    }
}

/// Everything that differs from the common case: three environments without `apps`, clusters of
/// several regions and of this machine, another branch, an ssh address.
pub fn fleet() -> Answers {
    let clusters = ["aws:blue:eu-central-1", "aws:green:us-east-1:a,b", "local:lab"];
    let answers = answers("fleet", "ssh://git@git.example.com:2222/fleet.git", &["dev", "staging", "prod"], &clusters);
    Answers {
        default_branch: "trunk".to_owned(),
        state: StateBackend::S3 { bucket: "fleet-state".into(), region: "eu-central-1".into() },
        forge: Forge::GitHub { url: None },
        ..answers
    }
}

/// One environment only.
pub fn single() -> Answers {
    answers("single", "http://127.0.0.1:8080/single.git", &["live"], &["local:one"])
}

/// All of them.
pub fn all() -> Vec<(&'static str, Answers)> {
    vec![("local", local()), ("aws", aws()), ("fleet", fleet()), ("single", single())]
}

/// The files of a platform.
pub fn render(answers: &Answers) -> ChangeSet {
    platform(answers, &Assets::embedded(), ENGINE).unwrap()
}
