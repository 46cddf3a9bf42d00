//! `kstack status`: what is applied, planned, pending, under way and stuck, without Terraform and without a cluster.

use std::{
    fs,
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    cli::Ran,
    repository::{Repository, until_written},
};

fn data(input: &str) -> String {
    format!("resource \"terraform_data\" \"greeting\" {{\n  input = \"{input}\"\n}}\n")
}

/// A repository whose times and commits do not show.
fn repository() -> Repository {
    let mut repository = Repository::new();
    repository.world.filter(r"\d{4}-\d\d-\d\d \d\d:\d\d\b", "[WHEN]");
    repository.world.filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[WHEN]");
    repository.world.filter(r"\b[0-9a-f]{40}\b", "[COMMIT-ID]");
    repository.world.filter(r"(?m)^(\S+ \(\w+\) +\w+ +)[0-9a-f]{7}\b", "${1}[COMMIT]");
    repository.world.filter(r"process \d+ on `[^`]+`", "process [PID] on `[HOST]`");
    repository.world.filter(r"\[RUN\]` on `[^`]+`", "[RUN]` on `[HOST]`");
    repository
}

fn status(repository: &Repository, flags: &[&str]) -> Ran {
    repository.kstack(&[&["status"][..], flags].concat())
}

#[test]
fn what_a_change_goes_through_shows() {
    let repository = repository();
    insta::assert_snapshot!(status(&repository, &[]), @"
    --- stderr ---
    there are no stacks below `infra/` yet
    --- exit code 0 ---
    ");
    repository.stack("net", &data("hello"));
    repository.stack("db", &data("hello"));
    repository.commit("Add two stacks");
    insta::assert_snapshot!(status(&repository, &[]), @"
    --- stdout ---
    INSTANCE    STATE      COMMIT  WHEN  NOTE
    db (ops)    unplanned
    net (ops)   unplanned
    db (apps)   unplanned
    net (apps)  unplanned
    --- exit code 0 ---
    ");
    let _ = repository.kstack(&["plan"]).done();
    repository.stack("db", &data("hello again"));
    repository.commit("Change one");
    insta::assert_snapshot!(status(&repository, &["--environment", "ops", "--exit-code"]), @"
    --- stdout ---
    INSTANCE   STATE    COMMIT  WHEN  NOTE
    db (ops)   stale                  closure differs: reviewed commit [COMMIT], found other content in `infra/db/main.tf`
    net (ops)  planned                from commit [COMMIT]
    --- exit code 2 ---
    ");

    repository.deliver();
    // From here on there is no Terraform.
    fs::remove_file(repository.world.root().join("bin/terraform")).unwrap();
    insta::assert_snapshot!(status(&repository, &["-e", "ops", "--exit-code"]), @"
    --- stdout ---
    INSTANCE   STATE    COMMIT   WHEN              NOTE
    db (ops)   applied  [COMMIT]  [WHEN]
    net (ops)  applied  [COMMIT]  [WHEN]
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(status(&repository, &["net", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"environment-status","version":1,"environment":"ops","lock":null}
    {"type":"environment-status","version":1,"environment":"apps","lock":null}
    {"type":"instance-status","version":1,"instance":{"stack":"net","environment":"ops"},"state":"applied","commit":"[COMMIT-ID]","since":"[WHEN]","note":null}
    {"type":"instance-status","version":1,"instance":{"stack":"net","environment":"apps"},"state":"unplanned","commit":null,"since":null,"note":null}
    --- exit code 0 ---
    "#);
    // An older commit is not what is applied.
    assert!(status(&repository, &["db", "-e", "ops", "--commit", "HEAD~1"]).stdout.contains("stale"));

    fs::remove_dir_all(repository.world.work().join("infra/net")).unwrap();
    repository.commit("Remove one");
    insta::assert_snapshot!(status(&repository, &["-e", "ops"]), @"
    --- stdout ---
    INSTANCE   STATE      COMMIT   WHEN              NOTE
    db (ops)   applied    [COMMIT]  [WHEN]
    net (ops)  unplanned  [COMMIT]  [WHEN]  the commit does not have it any more
    --- exit code 0 ---
    ");
    // A state that could not be written blocks, whatever else is so.
    repository.write(".kstack/pipeline/records/errored/ops/db.tfstate", "{}");
    insta::assert_snapshot!(status(&repository, &["-e", "ops", "db"]), @"
    --- stdout ---
    INSTANCE  STATE    COMMIT   WHEN              NOTE
    db (ops)  errored  [COMMIT]  [WHEN]  its state is kept as `errored/ops/db.tfstate` and has to be pushed: `kstack resume` does it
    --- exit code 0 ---
    ");
}

#[test]
fn unknown_names_and_broken_records_are_told() {
    let repository = repository();
    repository.stack("net", &data("hello"));
    repository.commit("Add a stack");
    insta::assert_snapshot!(status(&repository, &["nte"]), @"
    --- stderr ---
    error: there is no stack `nte`

    hint: `kstack list` shows them all
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(status(&repository, &["-e", "prod"]), @"
    --- stderr ---
    error: there is no environment `prod`

    hint: `kstack.hcl` has: `ops`, `apps`
    --- exit code 1 ---
    ");
    repository.write(".kstack/pipeline/records/lock/ops.json", "{");
    insta::assert_snapshot!(status(&repository, &[]), @"
    --- stderr ---
    error: the record `lock/ops.json` is broken
      caused by: EOF while parsing an object at line 1 column 1

    hint: put back an older version of it, or delete it when no run is going on
    --- exit code 1 ---
    ");
    fs::remove_file(repository.pipeline().join("records/lock/ops.json")).unwrap();
    repository.write(".kstack/pipeline/records/journal/ops/1.json", "[]");
    insta::assert_snapshot!(status(&repository, &[]), @"
    --- stderr ---
    error: the record `journal/ops/1.json` is broken
      caused by: invalid length 0, expected struct Record with 8 elements at line 1 column 2

    hint: put back an older version of it; if there is none, compare the resources of its run with their states, then delete it
    --- exit code 1 ---
    ");
    fs::remove_file(repository.pipeline().join("records/journal/ops/1.json")).unwrap();
    repository.write(".kstack/pipeline/plans/ops/net/x/y.zip", "no zip");
    insta::assert_snapshot!(status(&repository, &["-e", "ops"]), @"
    --- stdout ---
    INSTANCE   STATE  COMMIT  WHEN  NOTE
    net (ops)  stale                the plans that are kept are of other files
    --- exit code 0 ---
    ");
}

fn start(repository: &Repository) -> Child {
    let mut command = repository.world.command(env!("CARGO_BIN_EXE_kstack"), &repository.world.work());
    command.args(["apply", "--no-handoff"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_run_shows_while_it_goes_on_and_after_it_was_killed() {
    let mut repository = repository();
    repository.world.install("sleep");
    let (started, go_on) = (repository.world.root().join("started"), repository.world.root().join("go-on"));
    let wait = format!("echo x > {}; until [ -e {} ]; do sleep 0.1; done", started.display(), go_on.display());
    repository.stack(
        "slow",
        &format!("resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{\n    command = \"{wait}\"\n  }}\n}}\n"),
    );
    repository.stack("last", &data("hello"));
    repository.write("infra/last/stack.hcl", "after = [\"slow\"]\n");
    repository.commit("Add two stacks");
    let _ = repository.kstack(&["plan"]).done();
    let mut run = start(&repository);
    until_written(&started);
    insta::assert_snapshot!(status(&repository, &["-e", "ops"]), @"
    --- stdout ---
    `ops` is locked by process [PID] on `[HOST]` since [WHEN]
    INSTANCE    STATE     COMMIT   WHEN              NOTE
    last (ops)  waiting   [COMMIT]  [WHEN]  run `[RUN]` on `[HOST]`
    slow (ops)  applying  [COMMIT]  [WHEN]  run `[RUN]` on `[HOST]`
    --- exit code 0 ---
    ");
    let documents = status(&repository, &["-e", "ops", "--format", "json"]).stdout;
    let lock: Value = serde_json::from_str(documents.lines().next().unwrap()).unwrap();
    assert_eq!(lock["lock"]["pid"], run.id());

    kill_process(Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
    let _ = run.wait().unwrap();
    insta::assert_snapshot!(status(&repository, &["-e", "ops"]), @"
    --- stdout ---
    `ops` has a lock that was left by process [PID] on `[HOST]` since [WHEN]; the next apply takes it over
    INSTANCE    STATE    COMMIT  WHEN  NOTE
    last (ops)  planned                from commit [COMMIT]
    slow (ops)  unknown                run `[RUN]` on `[HOST]` was killed: the state may lack what it did last; `kstack resume` finds out
    --- exit code 0 ---
    ");
    // Terraform was not killed: it ends by itself.
    fs::write(&go_on, "").unwrap();
    until_written(&repository.world.work().join(".kstack/state/ops/slow.tfstate"));
}
