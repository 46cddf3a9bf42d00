//! Whole files, and what a user sees of their problems. `tests/platform/invalid` has a case for each of them.

use crate::{
    hcl::Diagnostic,
    platform::{Forge, Parallelism, Platform},
};

const GOOD: &str = r#"
kstack {
  version = "0.1.0"
}

platform "acme" {
  base_domain = "platform.example.com"
  repository  = "https://example.com/acme/platform"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

engine "flux" {
  version = "2.7.3"
}

policy {
  providers = ["hashicorp/aws"]
  protect   = ["aws_db_*"]
}
"#;

/// What a user sees of the problems, one line each.
fn problems(text: &str) -> String {
    let error = Platform::parse("kstack.hcl", text).unwrap_err();
    let line = |problem: &Diagnostic| {
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", problem.location(), problem.message)
    };
    error.problems().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_platform_is_read_with_defaults() {
    let platform = Platform::parse("kstack.hcl", GOOD).unwrap();
    assert_eq!(platform.name, "acme");
    assert_eq!(platform.default_branch, "main");
    assert_eq!(platform.forge, Forge::None);
    assert_eq!(platform.pipeline.parallelism, Parallelism::Auto);
    assert_eq!(platform.environments.len(), 2);
    assert_eq!(platform.environments[1].engine_branch(), "deploy/apps");
    assert_eq!(platform.next_environment(&platform.environments[0].name).unwrap().name.as_str(), "apps");
    assert_eq!(platform.policy.protect, ["aws_db_*"]);
}

#[test]
fn every_problem_is_told_at_its_place() {
    let text = GOOD
        .replace("region = \"eu-west-1\"", "regoin = \"eu-west-1\"")
        .replace("\"branch:main\"", "\"on-push\"")
        .replace("protected = true", "protected = \"yes\"")
        .replace("engine \"flux\"", "engine \"fluks\"")
        .replace("\"hashicorp/aws\"", "\"aws\"");
    insta::assert_snapshot!(problems(&text), @"
    kstack.hcl:12: `on-push` is not a trigger (write `branch:<name>` or `tag:<pattern>`)
    kstack.hcl:17: `protected` must be `true` or `false`
    kstack.hcl:22: block `state` takes no attribute `regoin` (did you mean `region`?)
    kstack.hcl:25: unknown engine `fluks` (did you mean `flux`?)
    kstack.hcl:30: `aws` is not a provider address: write `<namespace>/<type>`, such as `hashicorp/aws`
    ");
}

#[test]
fn missing_unknown_and_double_blocks_are_told() {
    let text = GOOD.replace("engine \"flux\"", "enigne \"flux\"").replace(
        "environment \"apps\"",
        "environment \"ops\" {\n  trigger = \"branch:main\"\n}\n\nenvironment \"shared\"",
    );
    insta::assert_snapshot!(problems(&text), @"
    kstack.hcl:15: environment `ops` is defined twice
    kstack.hcl:19: no environment can be called `shared` (`shared` is where stacks without an environment keep their state)
    kstack.hcl:29: the file takes no block `enigne` (did you mean `engine`?)
    ");
}

#[test]
fn broken_syntax_is_one_problem_with_its_line() {
    insta::assert_snapshot!(problems("kstack {\n  version = \n}\n"), @r#"kstack.hcl:2: invalid HCL: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit"#);
}

#[test]
fn an_empty_file_lacks_everything() {
    insta::assert_snapshot!(problems(""), @r#"
    kstack.hcl:1: the file has no block `kstack` (add `kstack { version = "…" }`)
    kstack.hcl:1: the file has no block `platform` (add `platform "<name>" { … }`)
    kstack.hcl:1: the file has no block `environment` (add `environment "<name>" { trigger = "branch:main" }`)
    kstack.hcl:1: the file has no block `state` (add `state "s3" { bucket = "…" region = "…" }`)
    kstack.hcl:1: the file has no block `engine` (add `engine "flux" { version = "…" }`)
    "#);
}
