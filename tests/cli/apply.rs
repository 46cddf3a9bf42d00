//! `kstack apply`: exactly what was reviewed, or a refusal that names the field; nothing half-done.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
};

use kstack::pipeline::Status;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::support::{
    cli::{Ran, World, files_below, find_program},
    repository::Repository,
};

fn data(input: &str) -> String {
    format!("resource \"terraform_data\" \"greeting\" {{\n  input = \"{input}\"\n}}\n")
}

/// A repository with a stack in its second commit, planned.
fn planned() -> Repository {
    let repository = Repository::new();
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    let _ = repository.kstack(&["plan"]).done();
    repository
}

/// `kstack apply` of a platform whose clusters are left alone.
fn apply(repository: &Repository, flags: &[&str]) -> Ran {
    repository.kstack(&[&["apply", "--no-handoff"][..], flags].concat())
}

/// What was applied, as far as states and records tell.
fn applied(repository: &Repository) -> Vec<(String, Vec<u8>)> {
    let folder = repository.world.work().join(".kstack");
    if !folder.exists() {
        return Vec::new();
    }
    let files = files_below(&folder);
    let kept = files.into_iter().filter(|file| file.starts_with("state/") || file.contains("/applied/"));
    kept.map(|file| (file.clone(), fs::read(folder.join(file)).unwrap())).collect()
}

/// Requires that `kstack apply` refuses, changes nothing and gives its lock back.
fn refused(repository: &Repository) -> Ran {
    let before = applied(repository);
    let ran = apply(repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(applied(repository), before);
    assert!(!repository.pipeline().join("records/lock/ops.json").exists());
    ran
}

/// The bundle's two members: manifest and plan.
fn unpacked(repository: &Repository) -> (Value, Vec<u8>) {
    let mut archive = ZipArchive::new(Cursor::new(fs::read(repository.bundle()).unwrap())).unwrap();
    let mut read = |name| {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    (serde_json::from_slice(&read("bundle.json")).unwrap(), read("plan"))
}

/// Writes the bundle anew, as somebody with access to the plan store could.
fn repack(repository: &Repository, manifest: &Value, plan: &[u8]) {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("bundle.json", manifest.to_string().as_bytes()), ("plan", plan)] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    fs::write(repository.bundle(), archive.finish().unwrap().into_inner()).unwrap();
}

#[test]
fn what_was_reviewed_is_applied_once() {
    let repository = planned();
    let (manifest, _) = unpacked(&repository);
    insta::assert_snapshot!(apply(&repository, &["--dry-run"]), @r"
    --- stdout ---
    net (ops): the reviewed plan fits
    --- exit code 0 ---
    ");
    assert!(applied(&repository).is_empty());
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    let entry = &repository.journal().entries["ops/net"];
    assert_eq!(
        (entry.status, entry.plan_sha256.as_str()),
        (Status::Applied, manifest["plan_sha256"].as_str().unwrap())
    );
    assert_eq!(entry.after.as_ref().unwrap().serial, repository.state("net").serial);
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    the infrastructure of `ops` is up to date
    --- exit code 0 ---
    ");
    let left = files_below(&repository.world.root().join("home/.cache/kstack/work"));
    assert!(!left.iter().any(|file| file.contains("plan-") || file.contains("tree-")), "{left:?}");
}

#[test]
fn a_change_is_found_again_after_a_squash() {
    let repository = planned();
    let _ = apply(&repository, &[]).done();
    repository.git(&["switch", "--quiet", "--create", "wording"]);
    repository.stack("net", &data("good evening"));
    repository.commit("Greet in the evening");
    repository.stack("net", &data("good morning"));
    repository.commit("Greet in the morning");
    let _ = repository.kstack(&["plan"]).done();
    repository.git(&["switch", "--quiet", "main"]);
    repository.write("notes.md", "something else was merged in between\n");
    repository.commit("Take notes");
    repository.git(&["merge", "--quiet", "--squash", "wording"]);
    repository.commit("Greet in the morning (squashed)");
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    applied net (ops): 0 added, 1 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}

#[test]
fn a_removed_stack_is_destroyed_as_reviewed() {
    let repository = planned();
    let _ = apply(&repository, &[]).done();
    fs::remove_dir_all(repository.world.work().join("infra/net")).unwrap();
    repository.commit("Remove the network");
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): there is no reviewed plan: the last plan keeps the stack, the commit does not have it

    hint: was `kstack plan` run for this change, with the same plan store?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        1        –

    Destroyed or replaced
      - terraform_data.greeting destroyed  net (ops)

    Why
      net (ops): `infra/net/main.tf` deleted, read through the stack's folder

    1 to destroy
    --- stderr ---
    planned net (ops): 0 to add, 0 to change, 1 to destroy ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    applied net (ops): 0 added, 0 changed, 1 destroyed ([TIME])
    --- exit code 0 ---
    ");
    assert!(repository.state("net").resources.is_empty());
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    the infrastructure of `ops` is up to date
    --- exit code 0 ---
    ");
}

#[test]
fn each_line_of_json_is_a_document() {
    let mut repository = planned();
    repository.world.filter(r"[0-9a-f]{40}", "[COMMIT]");
    let documents = apply(&repository, &["--format", "json"]).done().json();
    let (report, events) = documents.split_last().unwrap();
    assert!(!events.is_empty() && events.iter().all(|event| event["type"] == "event"), "{events:?}");
    insta::assert_snapshot!(serde_json::to_string_pretty(report).unwrap(), @r#"
    {
      "type": "apply",
      "version": 1,
      "dry_run": false,
      "report": {
        "run": "[RUN]",
        "commit": "[COMMIT]",
        "environment": "ops",
        "instances": [
          {
            "instance": {
              "stack": "net",
              "environment": "ops"
            },
            "status": "applied",
            "summary": "1 added, 0 changed, 0 destroyed"
          }
        ],
        "up_to_date": 0,
        "notices": [],
        "interrupted": false,
        "left": [],
        "pushed": [],
        "refusals": []
      }
    }
    "#);
}

#[test]
fn nothing_was_planned() {
    let repository = Repository::new();
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): there is no reviewed plan: the stack was never planned

    hint: was `kstack plan` run for this change, with the same plan store?
    --- exit code 1 ---
    ");
}

#[test]
fn the_merged_content_is_another() {
    let repository = planned();
    repository.stack("net", &data("hello, world"));
    repository.commit("Greet the world, which nobody reviewed");
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): closure differs: reviewed commit [COMMIT], found other content in `infra/net/main.tf`

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
}

#[test]
fn the_state_has_moved_on() {
    let repository = planned();
    let _ = apply(&repository, &[]).done();
    repository.stack("net", &data("one"));
    repository.commit("Say one");
    let _ = repository.kstack(&["plan"]).done();
    // Somebody applies by hand in between.
    let state = repository.world.work().join(".kstack/state/ops/net.tfstate");
    let text = fs::read_to_string(&state).unwrap();
    let serial = repository.state("net").serial;
    fs::write(&state, text.replace(&format!("\"serial\": {serial}"), &format!("\"serial\": {}", serial + 4))).unwrap();
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): state serial differs: reviewed 1, found 5

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
    fs::write(&state, text.replacen(&repository.state("net").lineage, "11111111-2222-3333-4444-555555555555", 1))
        .unwrap();
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): state lineage differs: reviewed [UUID], found [UUID]

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
    fs::remove_file(&state).unwrap();
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): state differs: reviewed one with serial 1, found none

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
}

#[test]
fn terraform_is_another() {
    let mut repository = planned();
    // A fake: it calls itself 1.10.0, as the real one of that version would.
    let other = repository.world.root().join("bin/other");
    let real = find_program("terraform").unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = version ] && echo 'Terraform v1.10.0' && exit\nexec {} \"$@\"\n",
        real.display()
    );
    fs::write(&other, script).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    repository.world.set("KSTACK_TERRAFORM", &other);
    repository.world.filter(r"terraform 1\.\d+\.\d+, found", "terraform [VERSION], found");
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): terraform version differs: reviewed Terraform 1.11.4, found Terraform 1.10.0

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
}

#[test]
fn the_bundle_was_tampered_with() {
    let repository = planned();
    let (manifest, plan) = unpacked(&repository);
    repack(&repository, &manifest, b"another plan");
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip`
      caused by: its plan is not the one that was reviewed: the digest differs

    hint: find out who wrote to the plan store; then delete the bundle, plan again, and have it reviewed
    --- exit code 1 ---
    ");

    // Somebody who also corrects the digest is caught by what the plan file itself holds.
    let other = Repository::new();
    other.stack("net", &data("something that nobody reviewed"));
    other.commit("Add a network");
    let _ = other.kstack(&["plan"]).done();
    let (_, foreign) = unpacked(&other);
    let mut forged = manifest.clone();
    forged["plan_sha256"] =
        Sha256::digest(&foreign).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    repack(&repository, &forged, &foreign);
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): configuration differs: reviewed `infra/net/main.tf` as the plan holds it, found other content in the commit

    hint: the plan was not made from these files: find out who wrote to the plan store
    --- exit code 1 ---
    ");

    let mut newer = manifest;
    newer["version"] = 7.into();
    repack(&repository, &newer, &plan);
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip`
      caused by: it has format 7, this kstack reads format 2

    hint: plan again with this version of kstack, or apply with the one that planned
    --- exit code 1 ---
    ");
    fs::write(repository.bundle(), "no zip").unwrap();
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip`
      caused by: it is not a bundle
      caused by: invalid Zip archive: Could not find EOCD

    hint: find out who wrote to the plan store; then delete the bundle, plan again, and have it reviewed
    --- exit code 1 ---
    ");
}

#[test]
fn a_state_waits_to_be_pushed() {
    let repository = planned();
    let errored = repository.pipeline().join("records/errored/ops/net.tfstate");
    fs::create_dir_all(errored.parent().unwrap()).unwrap();
    fs::write(&errored, "{}").unwrap();
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): a failed run left a state that was never pushed: `errored/ops/net.tfstate` in `[WORLD]/work/.kstack/pipeline/records`

    hint: `kstack resume` pushes that state; for a sealed one it needs the key
    --- exit code 1 ---
    ");
}

#[test]
fn somebody_else_applies() {
    let mut repository = planned();
    let _ = apply(&repository, &[]).done();
    let host = repository.journal().owner.host;
    repository.world.filter(regex::escape(&format!("`{host}`")), "`[HOST]`");
    repository.world.filter(format!("process {}", std::process::id()), "process [PID]");
    let lock = repository.pipeline().join("records/lock/ops.json");
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    // This process lives, and the lease ends far in the future.
    let held = serde_json::json!({
        "version": 1, "owner": { "host": host, "pid": std::process::id() }, "token": "another",
        "since": "2026-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z",
    });
    fs::write(&lock, held.to_string()).unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    error: another run is applying to environment `ops`: process [PID] on `[HOST]`, since 2026-01-01T00:00:00Z

    hint: wait for it to end; a run that died gives up its lock after four minutes
    hint: `kstack unlock` tells whether it is dead, and removes its locks then
    --- exit code 1 ---
    ");
    assert_eq!(fs::read_to_string(&lock).unwrap(), held.to_string());
    let _ = apply(&repository, &["--dry-run"]).done();
    let _ = apply(&repository, &["--environment", "apps", "--dry-run"]);
    fs::write(&lock, "not a lock").unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    error: the record `lock/ops.json` is broken
      caused by: expected ident at line 1 column 2

    hint: put back an older version of it, or delete it when no run is going on
    --- exit code 1 ---
    ");
}

#[test]
fn names_that_mean_nothing() {
    let repository = planned();
    insta::assert_snapshot!(apply(&repository, &["--stack", "nett"]), @r"
    --- stderr ---
    error: there is no stack `nett`

    hint: did you mean `net`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(apply(&repository, &["--environment", "opps"]), @r"
    --- stderr ---
    error: there is no environment `opps`

    hint: `kstack.hcl` has: `ops`, `apps`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(apply(&repository, &["--commit", "maim"]), @r"
    --- stderr ---
    error: unknown revision `maim`

    hint: did you mean `main`?
    --- exit code 1 ---
    ");
}

#[test]
fn there_is_nothing_to_apply_from() {
    insta::assert_snapshot!(World::new().kstack(&["apply"]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not inside a Git repository

    hint: run it inside your platform's repository, or name it with `-C DIR`
    --- exit code 1 ---
    ");
    let repository = planned();
    fs::remove_file(repository.world.root().join("bin/terraform")).unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    error: cannot find `terraform` or `tofu`

    hint: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install/)
    hint: name the program with `KSTACK_TERRAFORM`, or put `terraform` or `tofu` on `PATH`
    --- exit code 1 ---
    ");
    let mut world = World::new();
    world.install("git");
    world.install("terraform");
    world.must("", "git", &["init", "--quiet"]);
    world.write("kstack.hcl", &repository.world.read("kstack.hcl"));
    insta::assert_snapshot!(world.kstack(&["apply"]), @r"
    --- stderr ---
    error: the repository has no commit yet

    hint: commit what there is: `git add --all && git commit`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["plan"]), @r"
    --- stderr ---
    error: the repository has no commit yet

    hint: commit what there is: `git add --all && git commit`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["plan", "--worktree"]), @r"
    --- stderr ---
    error: the repository has no commit yet

    hint: commit what there is: `git add --all && git commit`
    --- exit code 1 ---
    ");
}

#[test]
fn only_dependents_of_a_failure_are_left_out() {
    let repository = Repository::new();
    let failing =
        "resource \"terraform_data\" \"net\" {\n  provisioner \"local-exec\" {\n    command = \"exit 7\"\n  }\n}\n";
    repository.stack("net", failing);
    repository.stack("db", &data("hello"));
    repository.write("infra/db/stack.hcl", "after = [\"net\"]\n");
    repository.stack("app", &data("hello"));
    repository.write("infra/app/stack.hcl", "after = [\"db\"]\n");
    repository.stack("dns", &data("hello"));
    repository.commit("Add four stacks");
    let _ = repository.kstack(&["plan"]).done();
    insta::assert_snapshot!(apply(&repository, &["--quiet"]), @r"
    --- stdout ---
    app (ops): not started: net (ops) was not applied
    db (ops): not started: net (ops) was not applied
    net (ops): `terraform apply` failed: infra/net/main.tf:10: local-exec provisioner error
    Error running command 'exit 7': exit status 7. Output:
    --- exit code 1 ---
    ");
    let journal = repository.journal();
    assert!(journal.ended.is_some());
    let status = |stack: &str| journal.entries[&format!("ops/{stack}")].status;
    assert_eq!(
        [status("net"), status("db"), status("app"), status("dns")],
        [Status::Failed, Status::Skipped, Status::Skipped, Status::Applied]
    );

    // What failed has moved its state: the plan is spent, the others' plans still fit.
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): state differs: reviewed none, found one with serial 1

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
    repository.stack("net", &data("hello"));
    repository.commit("Mend the network");
    repository.deliver();
    assert_eq!(repository.state("app").resources, ["terraform_data.greeting"]);
}
