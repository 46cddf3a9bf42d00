//! `kstack bundle show|verify`, and bundles in a folder of their own.

use std::fs;

use super::{Sealed, apply, data};
use crate::support::{cli::files_below, repository::Repository};

fn planned() -> Repository {
    let mut repository = Repository::new();
    repository.world.filter(r"\b[0-9a-f]{40}\b", "[COMMIT]");
    repository.world.filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIME]");
    repository.world.filter(r"Terraform 1\.\d+\.\d+", "Terraform [VERSION]");
    repository.world.filter(r"[0-9a-f]{16}…", "[HASH]…");
    // Columns are as wide as the folder's name is long.
    repository.world.filter(r"([^ \n]) {2,}", "$1  ");
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    let _ = repository.kstack(&["plan"]).done();
    repository
}

#[test]
fn a_bundle_shows_what_was_reviewed() {
    let repository = planned();
    insta::assert_snapshot!(repository.kstack(&["bundle", "show", "net"]), @r#"
    --- stdout ---
    ops/net/[SHA256]/[PLAN].zip
    field  reviewed
    instance  net (ops)
    purpose  to keep the stack
    commit  [COMMIT]
    base  [COMMIT]
    closure  [SHA256] (2 files)
    state  none
    program  Terraform [VERSION]
    policy  [SHA256]
    plan  [SHA256]
    planned  [TIME] by kstack 0.1.0

    environment  instances  create  change  replace  destroy  objects
    ops  1  1  –  –  –  –

    Everything else
      + terraform_data.greeting created  net (ops)
        + input = "hello"
          (2 attributes known after apply)

    1 to create
    --- exit code 0 ---
    "#);
    // By its key and by its file it is the same.
    let path = repository.bundle();
    let key = path.strip_prefix(repository.pipeline().join("plans")).unwrap().to_str().unwrap();
    let by = |which: &str| repository.kstack(&["bundle", "show", which, "--format", "json"]).done().json().remove(0);
    let (by_key, by_file, by_stack) = (by(key), by(path.to_str().unwrap()), by("net"));
    assert_eq!((&by_key["place"], &by_stack["place"]), (&"ops/net/[SHA256]/[PLAN].zip".into(), &by_key["place"]));
    assert_eq!((&by_key["manifest"], &by_key["manifest"]), (&by_file["manifest"], &by_stack["manifest"]));
    assert_eq!((&by_key["type"], &by_key["version"], &by_key["sealed"]), (&"bundle".into(), &1.into(), &false.into()));
}

#[test]
fn a_bundle_is_held_against_what_is_there_now() {
    let repository = planned();
    insta::assert_snapshot!(repository.kstack(&["bundle", "verify", "net"]), @"
    --- stdout ---
    ops/net/[SHA256]/[PLAN].zip
       field  reviewed  found
    ✓  stack  net  the same
    ✓  environment  ops  the same
    ✓  purpose  to keep the stack  the same
    ✓  closure  [HASH]…  the same
    ✓  encryption  a plan in the clear  no `recipients` in `kstack.hcl`
    ✓  inputs  real ones  the same
    ✓  state  none  the same
    ✓  terraform version  Terraform [VERSION]  the same
    ✓  terraform binary  sha256 [HASH]…  the same
    ✓  policy  sha256 [HASH]…  the same
    ✓  configuration  1 file  the same
    ✓  providers  none  the same
    ✓  completeness  a complete plan  the same
    ✓  state backend  path `[WORLD]/work/.kstack/state/ops/net.tfstate`  the same
    ✓  changes  1 to add, 0 to change, 0 to destroy  the same
    ✓  policies  a plan that they allow  the same

    net (ops): this plan would be applied
    --- exit code 0 ---
    ");
    let _ = apply(&repository, &[]).done();
    let verdict = repository.kstack(&["bundle", "verify", "net", "--format", "json"]);
    assert_eq!(verdict.code, Some(1), "{verdict}");
    let document = &verdict.json()[0];
    assert_eq!((&document["type"], &document["fits"]), (&"bundle-verdict".into(), &false.into()));
    let misfits: Vec<&str> = document["verdict"]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["fits"] == false)
        .map(|check| check["field"].as_str().unwrap())
        .collect();
    assert_eq!(misfits, ["state"], "a plan is applied once");
}

#[test]
fn there_is_no_such_bundle() {
    let repository = planned();
    insta::assert_snapshot!(repository.kstack(&["bundle", "show", "net", "-e", "apps"]), @r"
    --- stderr ---
    error: there is no bundle of net (apps) in `[WORLD]/work/.kstack/pipeline/plans`

    hint: `kstack plan` keeps one for each stack that a change affects
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["bundle", "show", "ops/net/none.zip"]), @r"
    --- stderr ---
    error: there is no bundle `ops/net/none.zip` in `[WORLD]/work/.kstack/pipeline/plans`

    hint: `kstack plan` keeps one for each stack that a change affects
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["bundle", "verify", "NET"]), @r"
    --- stderr ---
    error: `NET` is neither a file, a key nor the name of a stack
    --- exit code 64 ---
    ");
}

#[test]
fn sealed_bundles_are_shown_to_those_who_have_a_key() {
    let mut sealed = Sealed::new(&data("hello"));
    insta::assert_snapshot!(sealed.repository.kstack(&["bundle", "show", "net"]), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip.age`
      caused by: it is encrypted, and no key to open it was given

    hint: set `KSTACK_AGE_KEY` to the secret key of one of the `recipients` in `kstack.hcl`, or `KSTACK_AGE_KEY_FILE` to a file that has it
    --- exit code 1 ---
    ");
    sealed.unlock();
    let shown = sealed.repository.kstack(&["bundle", "show", "net", "--format", "json"]).done().json().remove(0);
    assert_eq!(shown["sealed"], true);
    let _ = sealed.repository.kstack(&["bundle", "verify", "net"]).done();
}

#[test]
fn plans_can_travel_in_a_folder() {
    let repository = Repository::new();
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    let _ = repository.kstack(&["plan", "--bundle", "artefacts"]).done();
    let bundles = files_below(&repository.world.work().join("artefacts"));
    assert_eq!(bundles.len(), 1, "{bundles:?}");
    assert!(!repository.pipeline().join("plans").exists());
    insta::assert_snapshot!(apply(&repository, &["--bundle", "elsewhere"]), @r"
    --- stderr ---
    error: cannot read `[WORLD]/work/elsewhere`
      caused by: No such file or directory (os error 2)
    --- exit code 1 ---
    ");
    let moved = repository.world.root().join("downloaded");
    fs::rename(repository.world.work().join("artefacts"), &moved).unwrap();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    repository.write("notes.md", "later\n");
    repository.commit("Take notes");
    insta::assert_snapshot!(apply(&repository, &["--commit", &commit, "--bundle", moved.to_str().unwrap()]), @r"
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}

#[test]
fn single_plans_are_applied_alone() {
    let repository = Repository::new();
    for name in ["dns", "net", "vpn"] {
        repository.stack(name, &data("hello"));
    }
    repository.commit("Add three stacks");
    let root = repository.world.root();
    let place = |name: &str| root.join(name).display().to_string();
    let (artefacts, others) = (place("artefacts"), place("others"));
    let _ = repository.kstack(&["plan", "--bundle", &artefacts]).done();
    let _ = repository.kstack(&["plan", "--bundle", &others, "-e", "apps", "--stack", "vpn"]).done();
    let file = |folder: &str| {
        let found = files_below(&root.join(folder));
        format!("{}/{}", place(folder), found.first().unwrap())
    };
    let (dns, net, vpn) = (file("artefacts/ops/dns"), file("artefacts/ops/net"), file("others"));
    insta::assert_snapshot!(apply(&repository, &["--bundle", &vpn]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      vpn (ops): environment differs: reviewed apps, found ops

    hint: name the plan's own environment with `--environment`, or find out who wrote to the plan store
    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(apply(&repository, &["--bundle", "kstack.hcl"]), @"
    --- stderr ---
    error: cannot use the bundle `[WORLD]/work/kstack.hcl`
      caused by: it is not a bundle
      caused by: invalid Zip archive: Could not find EOCD

    hint: find out who wrote to the plan store; then delete the bundle, plan again, and have it reviewed
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(apply(&repository, &["--bundle", &dns, "--bundle", &net]), @"
    --- stderr ---
    applied dns (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    // A folder is for everything that is due.
    insta::assert_snapshot!(apply(&repository, &["--bundle", &dns, "--bundle", &others]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      vpn (ops): there is no reviewed plan: the stack was never planned

    hint: was `kstack plan` run for this change, with the same plan store?
    --- exit code 1 ---
    ");
    let _ = apply(&repository, &["--bundle", &artefacts]).done();
    assert_eq!(repository.state("vpn").serial, 1);
}
