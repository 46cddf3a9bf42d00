//! `kstack doctor`: what it makes of a machine and of the platform there.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{scaffold::platforms, support::cli::World};

/// A program that answers like the real one, since versions of this machine are none of the test's business.
fn fake(world: &World, name: &str, says: &str) {
    let path = world.root().join("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_empty_machine() {
    insta::assert_snapshot!(World::new().kstack(&["doctor"]), @"
    --- stdout ---
    check      finding  detail                                      what to do
    git        missing  not found                                   install Git
    terraform  missing  not found                                   install Terraform or OpenTofu, or name the program in `KSTACK_TERRAFORM`
    kubectl    warning  not found                                   kstack does without; install it to look into clusters yourself
    providers  ok       0 in the store, 0 MB
    sandbox    warning  neither components, a Docker engine nor Go  install Docker, or Go to build the components; otherwise they are downloaded
    platform   warning  there is none in this folder                `kstack init` makes one
    --- exit code 1 ---
    ");
}

#[test]
fn a_machine_that_has_everything_and_no_platform() {
    let mut world = World::new();
    world.install("git");
    world.filter(r"ok       2\.\d+\.\d+ *", "ok       [VERSION]");
    fake(&world, "terraform", "Terraform v1.11.4");
    fake(&world, "kubectl", "Client Version: v1.34.2");
    fake(&world, "go", "go version go1.25.0 linux/amd64");
    insta::assert_snapshot!(world.kstack(&["doctor"]), @"
    --- stdout ---
    check      finding  detail                        what to do
    git        ok       [VERSION]
    terraform  ok       Terraform 1.11.4
    kubectl    ok       1.34.2
    providers  ok       0 in the store, 0 MB
    sandbox    warning  no components yet             they are built with Go at the first start, in about 20 minutes
    platform   warning  there is none in this folder  `kstack init` makes one
    --- exit code 0 ---
    ");
}

#[test]
fn an_old_terraform_and_a_named_one() {
    let mut world = World::new();
    fake(&world, "terraform", "Terraform v1.5.7");
    let line = |world: &World| {
        let ran = world.kstack(&["doctor"]);
        ran.stdout.lines().find(|line| line.starts_with("terraform")).unwrap().to_owned()
    };
    insta::assert_snapshot!(line(&world), @"terraform  missing  Terraform 1.5.7 is too old                  install 1.10 or newer");
    fake(&world, "tofu-next", "OpenTofu v1.12.6");
    world.set("KSTACK_TERRAFORM", "tofu-next");
    insta::assert_snapshot!(line(&world), @"terraform  ok       OpenTofu 1.12.6");
    world.set("KSTACK_TERRAFORM", "gone");
    insta::assert_snapshot!(line(&world), @"terraform  missing  not found                                   install Terraform or OpenTofu, or name the program in `KSTACK_TERRAFORM`");
}

#[test]
fn a_platform_from_its_first_file_to_its_first_commit() {
    let mut world = World::new();
    world.install("git");
    world.filter(r"\d+ files", "[N] files");
    platforms::render(&platforms::aws()).write(&world.work()).unwrap();
    let rows = |world: &World| {
        let ran = world.kstack(&["doctor"]);
        let rows = ran
            .stdout
            .lines()
            .filter(|line| ["platform", "history", "credentials"].iter().any(|name| line.starts_with(name)));
        rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(rows(&world), @r"
    platform ok [N] files, 2 stacks, 2 environments
    history missing not a Git repository `git init`
    credentials missing none for `s3://acme-kstack-state` `aws sso login` with `AWS_PROFILE`, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    ");
    world.must("", "git", &["init", "--quiet"]);
    insta::assert_snapshot!(rows(&world), @r"
    platform ok [N] files, 2 stacks, 2 environments
    history missing no commit yet `git add --all && git commit`
    credentials missing none for `s3://acme-kstack-state` `aws sso login` with `AWS_PROFILE`, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    ");
    world.must("", "git", &["add", "--all"]);
    world.must("", "git", &["commit", "--quiet", "--message", "first"]);
    world.set("AWS_PROFILE", "acme");
    insta::assert_snapshot!(rows(&world), @r"
    platform ok [N] files, 2 stacks, 2 environments
    history ok everything is committed
    credentials ok for `s3://acme-kstack-state`: from `AWS_PROFILE`
    ");
    world.write("kstack.hcl", "platform {}\n");
    insta::assert_snapshot!(rows(&world), @"
    platform missing 5 problems in its files `kstack validate` shows them
    history warning [N] files are not committed plans are made of commits
    ");
}

#[test]
fn json_tells_whether_anything_is_missing() {
    let ran = World::new().kstack(&["doctor", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let document = &ran.json()[0];
    assert_eq!((&document["type"], &document["healthy"]), (&"doctor".into(), &false.into()));
    assert_eq!(document["checks"][0]["finding"], "missing");
}
