//! `kstack list` and `kstack why` as a user sees them.

use std::process::Command;

use super::{Files, Repo};

/// Runs the program in `repo`; standard output, standard error and the exit code in one text.
fn kstack(repo: &Repo, arguments: &[&str]) -> String {
    let home = tempfile::TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kstack"))
        .args(arguments)
        .current_dir(repo.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    if !talk.is_empty() {
        text += &format!("--- stderr\n{talk}");
    }
    text + &format!("--- exit {}", output.status.code().unwrap())
}

/// Commit names depend on nothing, so they need no filter: author and time are fixed.
fn sample() -> (Repo, Files) {
    let files = Files::platform(&[
        ("infra/eks-gc0-eu-west-1/main.tf", "module \"cluster\" {\n  source = \"../../modules/aws/cluster\"\n}\n"),
        ("infra/eks-gc0-eu-west-1/outputs.tf", "output \"cluster\" {\n  value = module.cluster.cluster\n}\n"),
        ("infra/eks-gc0-eu-west-1/stack.hcl", "description = \"The first cluster\"\n"),
        ("infra/bootstrap/main.tf", "locals {}\n"),
        ("infra/bootstrap/stack.hcl", "shared = true\n"),
        ("modules/aws/cluster/main.tf", "locals {\n  policy = file(\"${path.module}/policy.json\")\n}\n"),
        ("modules/aws/cluster/policy.json", "{}"),
    ]);
    let repo = Repo::new();
    repo.commit(&files);
    repo.check_out();
    (repo, files)
}

#[test]
fn list_shows_every_stack() {
    let (repo, _) = sample();
    insta::assert_snapshot!(kstack(&repo, &["list"]), @r"
    CLUSTER            PROVIDER  REGION  ENVIRONMENTS  NODE POOLS  DESCRIPTION
    eks-gc0-eu-west-1                    ops, apps                 The first cluster

    STACK      ENVIRONMENTS  AFTER  DESCRIPTION
    bootstrap  shared
    --- exit 0
    ");
    insta::assert_snapshot!(kstack(&repo, &["list", "--format", "json"]), @r#"
    {"type":"stack","version":1,"stack":"bootstrap","environments":[],"shared":true,"kind":"stack","description":null,"after":[],"cluster":null}
    {"type":"stack","version":1,"stack":"eks-gc0-eu-west-1","environments":["ops","apps"],"shared":false,"kind":"cluster","description":"The first cluster","after":[],"cluster":null}
    --- exit 0
    "#);
}

#[test]
fn list_tells_of_a_stack_that_lies_too_deep() {
    let (repo, files) = sample();
    let files = files.with("infra/aws/rds/main.tf", "terraform {\n  backend \"s3\" {}\n}\n");
    repo.commit(&files);
    repo.check_out();
    insta::assert_snapshot!(kstack(&repo, &["list"]), @r"
    CLUSTER            PROVIDER  REGION  ENVIRONMENTS  NODE POOLS  DESCRIPTION
    eks-gc0-eu-west-1                    ops, apps                 The first cluster

    STACK      ENVIRONMENTS  AFTER  DESCRIPTION
    bootstrap  shared
    --- stderr
    warning: `infra/aws/rds` is made like a stack, but only folders directly in `infra/` are stacks
    --- exit 0
    ");
}

#[test]
fn list_and_why_show_what_a_change_affects() {
    let (repo, files) = sample();
    repo.commit(&files.clone().touched("modules/aws/cluster/policy.json").touched("environments/ops.tfvars"));
    repo.check_out();
    insta::assert_snapshot!(kstack(&repo, &["list", "--changed"]), @r"
    STACK              ENVIRONMENT  CHANGE   BECAUSE OF
    eks-gc0-eu-west-1  ops          changed  environments/ops.tfvars and 1 more
    eks-gc0-eu-west-1  apps         changed  modules/aws/cluster/policy.json
    --- stderr
    2 instances affected between 3059af3 and 21b7d57
    --- exit 0
    ");
    insta::assert_snapshot!(kstack(&repo, &["why", "eks-gc0-eu-west-1"]), @r"
    eks-gc0-eu-west-1 (ops): changed
      environments/ops.tfvars (modified)
        infra/eks-gc0-eu-west-1 (environment `ops`)
      modules/aws/cluster/policy.json (modified)
        infra/eks-gc0-eu-west-1/main.tf:2 (module `cluster`)
        modules/aws/cluster/main.tf:2 (file)
    eks-gc0-eu-west-1 (apps): changed
      modules/aws/cluster/policy.json (modified)
        infra/eks-gc0-eu-west-1/main.tf:2 (module `cluster`)
        modules/aws/cluster/main.tf:2 (file)
    --- exit 0
    ");
    insta::assert_snapshot!(kstack(&repo, &["why", "bootstrap"]), @r"
    --- stderr
    nothing that `bootstrap` depends on changed between 3059af3 and 21b7d57
    --- exit 0
    ");
    insta::assert_snapshot!(kstack(&repo, &["why", "eks-gc0-eu-west-1", "HEAD~1..HEAD", "--environment", "apps", "--format", "json"]), @r#"
    {"type":"affected","version":1,"stack":"eks-gc0-eu-west-1","environment":"apps","change":"changed","reasons":[{"path":"modules/aws/cluster/policy.json","change":"modified","chain":[{"path":"infra/eks-gc0-eu-west-1/main.tf","line":2,"by":"module `cluster`"},{"path":"modules/aws/cluster/main.tf","line":2,"by":"file"}]}]}
    --- exit 0
    "#);
    insta::assert_snapshot!(kstack(&repo, &["list", "--changed", "HEAD..HEAD"]), @r"
    --- stderr
    nothing that stacks depend on changed between 21b7d57 and 21b7d57
    --- exit 0
    ");
    // Uncommitted: a stack goes away.
    std::fs::remove_dir_all(repo.path().join("infra/bootstrap")).unwrap();
    insta::assert_snapshot!(kstack(&repo, &["list", "--changed", "--worktree"]), @r"
    STACK      ENVIRONMENT  CHANGE   BECAUSE OF
    bootstrap  shared       removed  infra/bootstrap/main.tf and 1 more
    --- stderr
    1 instance affected between 21b7d57 and the work tree
    --- exit 0
    ");
    insta::assert_snapshot!(kstack(&repo, &["why", "bootstrap", "HEAD", "--worktree"]), @r"
    bootstrap (shared): removed
      infra/bootstrap/main.tf (deleted)
        infra/bootstrap (the stack's folder)
      infra/bootstrap/stack.hcl (deleted)
        infra/bootstrap (the stack's folder)
    --- exit 0
    ");
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let (repo, _) = sample();
    insta::assert_snapshot!(kstack(&repo, &["why", "eks-gc1-eu-west-1"]), @r"
    --- stderr
    error: there is no stack `eks-gc1-eu-west-1`

    hint: did you mean `eks-gc0-eu-west-1`?
    --- exit 1
    ");
    insta::assert_snapshot!(kstack(&repo, &["list", "--changed", "mian..HEAD"]), @r"
    --- stderr
    error: unknown revision `mian`

    hint: did you mean `main`?
    --- exit 1
    ");
    insta::assert_snapshot!(kstack(&repo, &["list", "--changed", "main..HEAD", "--worktree"]), @r"
    --- stderr
    error: `--worktree` is the head; name only the base

    hint: write `BASE` instead of `BASE..HEAD`
    --- exit 64
    ");
    std::fs::write(repo.path().join("infra/bootstrap/stack.hcl"), "environments = [\"opps\"]\n").unwrap();
    insta::assert_snapshot!(kstack(&repo, &["list"]), @r#"
    --- stderr
    error: `infra/bootstrap/stack.hcl` has a problem

    error: there is no environment `opps` in `kstack.hcl`
     --> infra/bootstrap/stack.hcl:1:17
      |
    1 | environments = ["opps"]
      |                 ^^^^^^
      |
    help: did you mean `ops`?
    --- exit 1
    "#);
    std::fs::remove_file(repo.path().join("kstack.hcl")).unwrap();
    insta::assert_snapshot!(kstack(&repo, &["list"]).replace(&*repo.path().canonicalize().unwrap().to_string_lossy(), "[ROOT]"), @r"
    --- stderr
    error: `[ROOT]` is not a kstack repository: it has no `kstack.hcl` at its root

    hint: `kstack init` makes one
    --- exit 1
    ");
}
