use super::*;

const GOOD: &str = r#"
platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://github.com/acme/platform"
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"
}
"#;

/// What a user sees of the problems of a file, one line each.
fn problems(text: &str) -> String {
    let (draft, mut problems) = Draft::read("answers.hcl", text);
    problems.extend(draft.problems().iter().filter_map(|problem| draft.places().locate(problem)));
    problems.sort_by_key(|problem| problem.span.start);
    let line = |problem: &Diagnostic| {
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", problem.location(), problem.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_says_as_little_as_it_can() {
    let (draft, problems) = Draft::read("answers.hcl", GOOD);
    assert!(problems.is_empty());
    let answers = draft.settle().unwrap();
    assert_eq!(answers.problems(), []);
    assert_eq!(answers.default_branch, "main");
    assert_eq!(answers.base_environment().unwrap().as_str(), "apps");
    assert_eq!(answers.forge, Forge::GitHub { url: None });
    let triggers: Vec<_> =
        answers.environments.iter().map(|environment| (&environment.trigger, environment.protected)).collect();
    assert_eq!(
        triggers,
        [
            (&crate::platform::Trigger::Branch("main".into()), false),
            (&crate::platform::Trigger::Tag("apps-deploy-*".into()), true),
        ]
    );
}

#[test]
fn every_problem_of_a_file_is_told_at_its_place() {
    let text = r#"
platform "Acme" {
  base_domain = "acme"
  repositry   = "https://github.com/acme/platform"
}

environment "ops" {
  trigger = "push:main"
}

environment "ops" {}

state "s4" {}

engine "flux" {
  version = "v2"
}

forge "gitlap" {}

cluster "gc0" {
  provider = "aws"
  region   = "europe-west1"
  project  = "acme"

  node_pool {
    instance_type = "e2-standard-4"
    min           = -1
  }
}

cluster "gc1" {
  provider = "gcp"
}

cluster "gc2" {
  provider = "google"
  region   = "europe-west1"
  zones    = ["a", "eu-west-1b"]
  project  = "acme"

  network {
    cidr = "10.10.10.5/16"
  }
}

cluster "gc3" {
  provider           = "azure"
  region             = "westeurope"
  subscription       = "1234"
  kubernetes_version = "latest"

  network {
    cidr = "10.0.0.0/8"

    existing {
      node_subnet_id = "subnet-1"
    }
  }

  environment "prod" {
    node_pool {
      min = 5
      max = 2
    }
  }
}
"#;
    insta::assert_snapshot!(problems(text), @r"
    answers.hcl:2: `Acme` is not a valid platform name: only lower-case letters, digits and `-` are allowed
    answers.hcl:3: `acme` is not a domain: write it with its parent, such as `platform.example.com`
    answers.hcl:4: block `platform` takes no attribute `repositry` (did you mean `repository`?)
    answers.hcl:8: `push:main` is not a trigger (write `branch:<name>` or `tag:<pattern>`)
    answers.hcl:11: environment `ops` is named twice
    answers.hcl:13: unknown kind of state `s4` (known: `s3`, `gcs`, `azurerm`, `local`)
    answers.hcl:16: `v2` is not a release of Flux: write it without the leading `v`
    answers.hcl:19: unknown forge `gitlap` (did you mean `gitlab`?)
    answers.hcl:23: the region `europe-west1` does not look like `eu-west-1`
    answers.hcl:24: `project` is for clusters of Google Cloud, and this one is AWS
    answers.hcl:27: the instance type `e2-standard-4` does not look like `m7g.large`
    answers.hcl:28: `min` must be a whole number
    answers.hcl:33: unknown provider `gcp` (known: `aws`, `google`, `azure`, `local`)
    answers.hcl:39: zone `eu-west-1b` is no zone of the region, such as `b`
    answers.hcl:40: `acme` is not the id of a Google project: it must have 6 to 30 characters
    answers.hcl:43: `10.10.10.5/16` has bits set behind its prefix; the network is `10.10.0.0/16`
    answers.hcl:47: cluster `azure:gc3:westeurope` has settings for `prod`, which is no environment
    answers.hcl:50: `1234` is not the id of an Azure subscription: write its 36 characters, as in `00000000-0000-0000-0000-000000000000`
    answers.hcl:51: the Kubernetes version `latest` is not a version such as `1.33` or `1.33.4`
    answers.hcl:53: the network `10.0.0.0/8` of `azure:gc3:westeurope` must have a prefix between /16 and /24
    answers.hcl:53: `azure:gc3:westeurope` has both a network to make, `10.0.0.0/8`, and an existing one
    answers.hcl:57: `subnet-1` is no resource id, which begins with `/subscriptions/`
    ");
}

#[test]
fn what_is_wrong_between_answers_stands_where_the_second_one_does() {
    let more = r#"
environment "ops" {
  trigger = "branch:main"
}

environment "prod" {
  trigger = "tag:a*b"

  state "gcs" {
    bucket = "acme-state"
  }
}

environment "late" {
  trigger = "branch:main"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"
}

cluster "gc1" {
  provider = "aws"
  region   = "eu-west-1"
  zones    = ["a"]

  network {
    cidr = "10.8.0.0/16"
  }
}

cluster "gc2" {
  provider = "google"
  region   = "europe-west1"
  project  = "acme-platform"

  network {
    cidr = "10.8.4.0/22"
  }

  node_pool {
    min = 4
    max = 3
  }
}

cluster "gc3" {
  provider = "local"

  environment "prod" {
    node_pool {
      min = 1
    }
  }
}
"#;
    insta::assert_snapshot!(problems(&format!("{GOOD}{more}")), @r"
    answers.hcl:21: `a*b` is not a pattern for tags of `prod`: write a tag, or its beginning and `*`
    answers.hcl:21: the state is `gcs` here and `s3` for the platform, but a stack has one kind
    answers.hcl:29: a branch cannot deliver to `late`, which is promoted to: give it a tag
    answers.hcl:29: a push that triggers `late` can trigger `ops` as well
    answers.hcl:33: cluster `aws:gc0:eu-west-1` is named twice
    answers.hcl:38: cluster `aws:gc1:eu-west-1` names 1 zone, and AWS wants 2
    answers.hcl:53: the network `10.8.4.0/22` of `google:gc2:europe-west1` must have a prefix between /12 and /20
    answers.hcl:53: the network `10.8.4.0/22` of `google:gc2:europe-west1` overlaps with `10.8.0.0/16` of `aws:gc1:eu-west-1`
    answers.hcl:57: the node pool of `google:gc2:europe-west1` has at least 4 and at most 3 nodes in `ops`
    answers.hcl:57: the node pool of `google:gc2:europe-west1` has at least 4 and at most 3 nodes in `prod`
    answers.hcl:57: the node pool of `google:gc2:europe-west1` has at least 4 and at most 3 nodes in `late`
    answers.hcl:63: `local:gc3` has no node pools and no network of its own
    ");
}

#[test]
fn problems_of_flags_are_told_at_once() {
    let mut draft = Draft::default();
    for (field, text) in [
        (Field::BaseDomain, "Platform"),
        (Field::Repository, "git@github.com:acme/platform"),
        (Field::DefaultBranch, "ma in"),
        (Field::Environments, "ops,shared,ops"),
        (Field::Clusters, "aws:gc0:eu-west-1"),
        (Field::Clusters, "aws:gc0:eu-west-1"),
        (Field::Clusters, &format!("aws:{}:ap-southsoutheast-2", "n".repeat(40))),
        (Field::State, "s3://No"),
    ] {
        draft.set(field, text).unwrap();
    }
    let lines: Vec<_> =
        draft.problems().iter().map(|problem| format!("{}: {}", problem.field.flag(), problem.message)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    --base-domain: `Platform` is not a domain: write it with its parent, such as `platform.example.com`
    --repository: `git@github.com:acme/platform` is not a repository's address: write `ssh://git@host/path` instead of `git@host:path`
    --default-branch: `ma in` is not a branch name: it holds a space or a character that is not ASCII
    --environments: `shared` is what stacks without an environment are filed under
    --environments: environment `ops` is named twice
    --cluster: cluster `aws:gc0:eu-west-1` is named twice
    --cluster: cluster `aws:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:ap-southsoutheast-2` would have the stack `eks-nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-ap-southsoutheast-2`: it is longer than 63 characters
    --state: `No` is not a bucket name: it must have 3 to 63 characters
    ");
}

#[test]
fn names_of_clusters_are_as_long_as_the_module_takes() {
    let mut draft = Draft::default();
    let set = |draft: &mut Draft, environment: &str, cluster: &str| {
        draft.set_clusters(Vec::new());
        draft.set(Field::Environments, environment).unwrap();
        draft.set(Field::Clusters, cluster).unwrap();
        draft.problems().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>()
    };
    // Together they have 96 characters, of which 63 are left, with a hash.
    let (name, environment) = ("n".repeat(40), "e".repeat(40));
    assert_eq!(set(&mut draft, &environment, &format!("aws:{name}:ap-southeast-2")), Vec::<String>::new());
    assert_eq!(draft.clusters[0].called_in(&draft.environments[0].name).unwrap().len(), 63);
    let region = format!("eu-{}-1", "w".repeat(40));
    assert_eq!(
        set(&mut draft, "ops,apps", &format!("aws:gc0:{region}")),
        [format!("region `{region}` cannot be part of a cluster's name: it must have 1 to 40 characters")]
    );
}

#[test]
fn credentials_are_refused_and_not_repeated() {
    for url in ["https://s3cret@host/p", "ssh://git:s3cret@host/p", "https://user:s3cret@host/p"] {
        let mut draft = Draft::default();
        draft.set(Field::Repository, url).unwrap();
        let refused = draft.problems();
        assert!(refused.len() == 1 && !refused[0].message.contains("s3cret"), "{refused:?}");
    }
    let refused = Draft::default().set(Field::Forge, "gitea=https://user:s3cret@host").unwrap_err();
    assert!(!refused.contains("s3cret"), "{refused}");
}

#[test]
fn places_for_state_are_read() {
    let mut draft = Draft::default();
    let mut state = |text: &str| draft.set(Field::State, text).map(|()| draft.state.clone().unwrap().to_string());
    assert_eq!(state("s3://b?region=eu-west-1").unwrap(), "s3 bucket=\"b\" region=\"eu-west-1\"");
    assert_eq!(state("gs://b").unwrap(), "gcs bucket=\"b\"");
    assert_eq!(state("local").unwrap(), "local path=\".kstack/state\"");
    assert_eq!(
        state("az://account/container?resource_group=group").unwrap(),
        "azurerm resource_group_name=\"group\" storage_account_name=\"account\" container_name=\"container\""
    );
    for text in
        ["", "b", "s3://b", "s3://b?x=y", "gcs://b", "gs://b?region=x", "az://account", "az://account/container"]
    {
        assert!(state(text).is_err(), "{text}");
    }
    draft.set(Field::Clusters, "aws:gc0:us-east-2").unwrap();
    draft.set(Field::State, "s3://b").unwrap();
    assert_eq!(draft.state.unwrap().to_string(), "s3 bucket=\"b\" region=\"us-east-2\"");
}

#[test]
fn only_what_is_needed_is_asked_for() {
    let flags =
        |draft: &Draft| draft.missing().iter().map(|question| question.field.flag()).collect::<Vec<_>>().join(" ");
    let mut draft = Draft::default();
    assert_eq!(flags(&draft), "--name --cluster --repository");
    draft.set(Field::Clusters, "local:gc0").unwrap();
    assert_eq!(flags(&draft), "--name --repository");
    draft.set(Field::Clusters, "google:gc0:europe-west1").unwrap();
    draft.set(Field::Clusters, "azure:gc0:westeurope").unwrap();
    assert_eq!(flags(&draft), "--name --google-project --azure-subscription --base-domain --repository --state");
    for (field, text) in [
        (Field::Name, "acme"),
        (Field::GoogleProject, "acme-platform"),
        (Field::AzureSubscription, "00000000-0000-0000-0000-000000000000"),
        (Field::BaseDomain, "acme.example.com"),
        (Field::Repository, "https://git.example.com/acme/platform"),
    ] {
        draft.set(field, text).unwrap();
    }
    // The suggestion is one that would be taken.
    let question = draft.missing().remove(0);
    assert_eq!(question.default.as_deref(), Some("gs://acme-kstack-state"));
    assert_eq!(draft.try_out(question.field, "gs://acme-kstack-state"), Ok(()));
    assert!(draft.try_out(question.field, "gs://No").is_err());
    draft.set(Field::State, "gs://acme-kstack-state").unwrap();
    assert_eq!(draft.settle().unwrap().problems(), []);
}

#[test]
fn flags_take_the_place_of_what_a_file_says() {
    let (mut draft, _) = Draft::read("answers.hcl", &GOOD.replace("acme.example.com", "acme"));
    assert_eq!(draft.problems().len(), 1);
    draft.set(Field::BaseDomain, "worse").unwrap();
    // What is wrong now is the flag's.
    assert_eq!(draft.places().locate(&draft.problems()[0]), None);
    draft.set_clusters(vec!["local:gc0".parse().unwrap()]);
    draft.set(Field::Environments, "live").unwrap();
    let answers = draft.settle().unwrap();
    assert_eq!((answers.clusters.len(), answers.environments.len()), (1, 1));
    assert_eq!(answers.base_domain, "worse");
}

#[test]
fn the_forge_is_the_host() {
    for url in ["https://github.com/a/b", "ssh://git@github.com/a/b", "ssh://git@github.com:22/a/b"] {
        assert_eq!(forge_of(url), Forge::GitHub { url: None }, "{url}");
    }
    assert_eq!(forge_of("https://gitlab.com/a/b"), Forge::GitLab { url: None });
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
