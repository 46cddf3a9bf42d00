//! Stages: stacks that read outputs of others which the same change brings about.

use std::{fs, process::Stdio};

use kstack::pipeline::Status;

use crate::{
    bundles::{apply, pack, unpack},
    support::{
        cli::{Ran, files_below},
        repository::{Repository, until_written},
    },
};

/// A network. Its `id` is known after the apply only, its `range` before; `token` is a secret that is known.
fn network(range: &str, note: &str) -> String {
    format!(
        "resource \"terraform_data\" \"net\" {{\n  input = \"{range}\"\n}}\n\n\
         output \"id\" {{\n  value = terraform_data.net.id\n}}\n\n\
         output \"range\" {{\n  value = \"{range}\"\n}}\n\n\
         output \"note\" {{\n  value = \"{note}\"\n}}\n\n\
         output \"token\" {{\n  value     = \"canary-3f81\"\n  sensitive = true\n}}\n"
    )
}

/// What reads the state of the stack `producer`, with `resources` that use it.
fn reader(repository: &Repository, producer: &str, resources: &str) -> String {
    let states = repository.world.work().join(".kstack/state");
    format!(
        "data \"terraform_remote_state\" \"{producer}\" {{\n  backend = \"local\"\n  config = {{\n    path = \
         \"{}/${{var.environment}}/{producer}.tfstate\"\n  }}\n}}\n\nlocals {{\n  {producer} = \
         data.terraform_remote_state.{producer}.outputs\n}}\n\n{resources}",
        states.display()
    )
}

/// The same without the local value, which reads all that there is.
fn without_local(text: &str) -> String {
    text.replace("locals {\n  net = data.terraform_remote_state.net.outputs\n}\n\n", "")
}

/// A repository with the stacks `net` and `app`, of which the second one has `app` and reads the first one.
fn pair(app: &str) -> Repository {
    let repository = Repository::new();
    repository.stack("net", &network("10.0.0.0/16", "new"));
    repository.stack("app", &reader(&repository, "net", app));
    repository.commit("Add a network and what is in it");
    repository
}

fn plan(repository: &Repository) -> Ran {
    repository.kstack(&["plan"])
}

/// An input that is whatever the network's id is.
const FOLLOWS: &str =
    "resource \"terraform_data\" \"app\" {\n  input = \"in ${data.terraform_remote_state.net.outputs.id}\"\n}\n";

#[test]
fn a_chain_of_new_stacks_is_reviewed_at_once_and_applied_in_stages() {
    let repository = Repository::new();
    repository.stack("net", &network("10.0.0.0/16", "new"));
    let app = "resource \"terraform_data\" \"app\" {\n  input = {\n    id    = local.net.id\n    range = local.net.range\n    \
               token = local.net.token\n  }\n}\n\noutput \"name\" {\n  value = terraform_data.app.id\n}\n";
    repository.stack("app", &reader(&repository, "net", app));
    let dns = "resource \"terraform_data\" \"record\" {\n  input = local.app.name\n}\n";
    repository.stack("dns", &reader(&repository, "app", dns));
    repository.commit("Add three stacks that need each other");

    insta::assert_snapshot!(plan(&repository), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  3       1       –        –        –        –

    Everything else
      + terraform_data.net created  net (ops)
        + input = "10.0.0.0/16"
          (2 attributes known after apply)

    Outputs
      net (ops)
        + id = (known after apply)
      net (ops)
        + note = "new"
      net (ops)
        + range = "10.0.0.0/16"
      net (ops)
        + token = (sensitive)

    Stage 2, after net (ops): expected changes
      what comes from net (ops) is known when that is applied; then this is planned again, and applied if it does just this and destroys nothing
      + terraform_data.app created  app (ops)
        + input.range = "10.0.0.0/16"
        + input.token = (sensitive)
          (3 attributes known after apply)

    Stage 3, after app (ops): expected changes
      what comes from app (ops) is known when that is applied; then this is planned again, and applied if it does just this and destroys nothing
      + terraform_data.record created  dns (ops)
          (3 attributes known after apply)

    Why
      app (ops): it reads outputs of net (ops), which change
      dns (ops): it reads outputs of app (ops), which change

    1 to create; 2 in later stages
    --- stderr ---
    planned net (ops): 1 to add, 0 to change, 0 to destroy ([TIME])
    planned app (ops): stage 2, 1 to add, 0 to change, 0 to destroy expected ([TIME])
    planned dns (ops): stage 3, 1 to add, 0 to change, 0 to destroy expected ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    // What stood in for the states is gone, and no secret stayed behind in what is kept of a preview.
    let home = repository.world.root().join("home");
    for file in files_below(&home) {
        assert!(!file.contains("stand-in") && !file.contains("tree-"), "{file}");
        let bytes = fs::read(home.join(&file)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-3f81"), "{file}");
    }
    for bundle in envelopes(&repository) {
        let (manifest, shown) = unpack(&fs::read(&bundle).unwrap());
        assert!(
            !manifest.to_string().contains("canary-3f81") && !String::from_utf8_lossy(&shown).contains("canary-3f81")
        );
    }

    insta::assert_snapshot!(apply(&repository, &["--dry-run"]), @"
    --- stdout ---
    net (ops): the reviewed plan fits
    app (ops): stage 2: planned when net (ops) is applied, and is applied if it is inside of what was expected
    dns (ops): stage 3: planned when app (ops) is applied, and is applied if it is inside of what was expected
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    applied app (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    applied dns (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    let entry = &repository.journal().entries["ops/dns"];
    assert_eq!(entry.status, Status::Applied);
    assert_ne!(entry.reviewed_sha256.as_ref(), Some(&entry.plan_sha256));
    let ran = repository.kstack(&["plan", "--all", "--detailed-exitcode"]).done();
    assert!(ran.stdout.contains("no changes to infrastructure"), "{ran}");
}

/// The bundles of stacks that wait for others.
fn envelopes(repository: &Repository) -> Vec<std::path::PathBuf> {
    let plans = repository.pipeline().join("plans");
    let all = files_below(&plans).into_iter().filter(|file| !file.starts_with("ops/net/"));
    all.map(|file| plans.join(file)).collect()
}

#[test]
fn what_goes_beyond_the_envelope_waits_for_another_review() {
    // An id has 36 characters, what stands in for it has fewer.
    let app = "resource \"terraform_data\" \"app\" {\n  count = length(local.net.id) > 30 ? 2 : 1\n}\n";
    let repository = pair(app);
    let _ = plan(&repository).done();
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stdout ---
    app (ops): stage 2 is not applied: 2 to add, 0 to change, 0 to destroy, expected: 1 to add, 0 to change, 0 to destroy (`terraform_data.app[1]`: create, which was not expected)
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    failed app (ops): stage 2 is not applied: 2 to add, 0 to change, 0 to destroy, expected: 1 to add, 0 to change, 0 to destroy (`terraform_data.app[1]`: create, which was not expected) ([TIME])
    hint: `kstack plan --pending` plans what was held; have that reviewed, then apply again
    --- exit code 1 ---
    ");
    assert_eq!(repository.journal().entries["ops/app"].status, Status::Held);
    // To run it again changes nothing: nobody has reviewed anything.
    let again = apply(&repository, &[]);
    assert_eq!(again.code, Some(1), "{again}");
    assert!(!repository.pipeline().join("records/applied/ops/app.json").exists());
    insta::assert_snapshot!(repository.kstack(&["plan", "--pending"]), @"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       2       –        –        –        –

    Everything else
      + terraform_data.app[0] created  app (ops)
          (1 attribute known after apply)
      + terraform_data.app[1] created  app (ops)
          (1 attribute known after apply)

    2 to create
    --- stderr ---
    planned app (ops): 2 to add, 0 to change, 0 to destroy ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    ");
    let _ = apply(&repository, &[]).done();
    assert_eq!(repository.state("app").resources, ["terraform_data.app"]);
}

#[test]
fn what_cannot_be_foreseen_waits_for_a_review() {
    // An id has five parts, what stands in for it has fewer.
    let app = "resource \"terraform_data\" \"app\" {\n  input = split(\"-\", local.net.id)[4]\n}\n";
    let repository = pair(app);
    insta::assert_snapshot!(plan(&repository), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  2       1       –        –        –        –

    Everything else
      + terraform_data.net created  net (ops)
        + input = "10.0.0.0/16"
          (2 attributes known after apply)

    Outputs
      net (ops)
        + id = (known after apply)
      net (ops)
        + note = "new"
      net (ops)
        + range = "10.0.0.0/16"
      net (ops)
        + token = (sensitive)

    Not planned yet
      app (ops) waits in stage 2 for net (ops); what it will do cannot be shown before: `terraform plan` failed: infra/app/main.tf:21: Invalid index The given key does not identify an element in this collection value: the given index is greater than or equal to the length of the collection.

    Why
      app (ops): it reads outputs of net (ops), which change

    1 to create; 1 in later stages
    --- stderr ---
    planned net (ops): 1 to add, 0 to change, 0 to destroy ([TIME])
    planned app (ops): stage 2, cannot be foreseen ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stdout ---
    app (ops): stage 2 is not applied: 1 to add, 0 to change, 0 to destroy, and nothing could be expected (`terraform_data.app`: create, which was not expected)
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    failed app (ops): stage 2 is not applied: 1 to add, 0 to change, 0 to destroy, and nothing could be expected (`terraform_data.app`: create, which was not expected) ([TIME])
    hint: `kstack plan --pending` plans what was held; have that reviewed, then apply again
    --- exit code 1 ---
    ");
    let _ = repository.kstack(&["plan", "--pending"]).done();
    let _ = apply(&repository, &[]).done();
}

#[test]
fn a_run_that_is_killed_between_two_stages_is_caught_up_with() {
    let repository = pair(FOLLOWS);
    let _ = plan(&repository).done();
    // Alone it has nothing to go by.
    let alone = repository.kstack(&["plan", "--stack", "app", "--dry-run"]);
    assert!(alone.stdout.contains("app (ops) reads outputs of net (ops), which is affected as well"), "{alone}");
    insta::assert_snapshot!(apply(&repository, &["--stack", "app"]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      app (ops): it waits for `net (ops)`, which is not applied

    hint: apply what it waits for first, or in the same run
    --- exit code 1 ---
    ");

    // The run waits for whoever uses the data folder of `app`, which is this test.
    let home = repository.world.root().join("home");
    let in_use = files_below(&home).into_iter().find(|file| file.ends_with("ops/app/in-use")).unwrap();
    let held = fs::File::create(home.join(in_use)).unwrap();
    held.lock().unwrap();
    let mut command = repository.world.command(env!("CARGO_BIN_EXE_kstack"), &repository.world.work());
    command.args(["apply", "--no-handoff"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().unwrap();
    until_written(&repository.pipeline().join("records/applied/ops/net.json"));
    run.kill().unwrap();
    run.wait().unwrap();
    drop(held);

    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    applied app (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    assert_eq!(repository.journal().entries["ops/app"].status, Status::Applied);
}

#[test]
fn only_outputs_that_are_read_and_change_make_a_stage() {
    let repository = pair(FOLLOWS);
    let _ = plan(&repository).done();
    let _ = apply(&repository, &[]).done();
    // The output `note` changes, and nobody reads it.
    repository.stack("net", &network("10.0.0.0/16", "old"));
    let app = FOLLOWS.replace("in $", "inside $");
    repository.stack("app", &without_local(&reader(&repository, "net", &app)));
    repository.commit("Say it in another way");
    insta::assert_snapshot!(plan(&repository), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  2       –       1        –        –        –

    Everything else
      ~ terraform_data.app changed  app (ops)
          input = "in [UUID]" → "inside [UUID]"
          output = "in [UUID]" → (known after apply)

    Outputs
      net (ops)
          note = "new" → "old"

    Why
      app (ops): `infra/app/main.tf` modified, read through the stack's folder
      net (ops): `infra/net/main.tf` modified, read through the stack's folder

    1 to change
    --- stderr ---
    planned net (ops): 0 to add, 0 to change, 0 to destroy ([TIME])
    planned app (ops): 0 to add, 1 to change, 0 to destroy ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    let _ = apply(&repository, &[]).done();
}

#[test]
fn what_only_reads_is_planned_with_what_it_reads() {
    let repository = Repository::new();
    repository.stack("net", &network("10.0.0.0/16", "new"));
    let app = "resource \"terraform_data\" \"app\" {\n  input = data.terraform_remote_state.net.outputs.range\n}\n";
    repository.stack("app", &without_local(&reader(&repository, "net", app)));
    repository.stack("other", &without_local(&reader(&repository, "net", &app.replace("range", "note"))));
    repository.commit("Add a network and what is in it");
    repository.deliver();
    repository.stack("net", &network("10.1.0.0/16", "new"));
    repository.commit("Move the network");
    insta::assert_snapshot!(plan(&repository), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  2       –       1        –        –        –

    Everything else
      ~ terraform_data.net changed  net (ops)
          input = "10.0.0.0/16" → "10.1.0.0/16"
          output = "10.0.0.0/16" → (known after apply)

    Outputs
      net (ops)
          range = "10.0.0.0/16" → "10.1.0.0/16"

    Stage 2, after net (ops): expected changes
      what comes from net (ops) is known when that is applied; then this is planned again, and applied if it does just this and destroys nothing
      ~ terraform_data.app changed  app (ops)
          input = "10.0.0.0/16" → "10.1.0.0/16"
          output = "10.0.0.0/16" → (known after apply)

    Why
      net (ops): `infra/net/main.tf` modified, read through the stack's folder
      app (ops): it reads outputs of net (ops), which change

    1 to change; 1 in later stages
    --- stderr ---
    planned net (ops): 0 to add, 1 to change, 0 to destroy ([TIME])
    planned app (ops): stage 2, 0 to add, 1 to change, 0 to destroy expected ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    // The run leaves `app` out. Nothing of it has changed but what it reads, and that is not forgotten.
    insta::assert_snapshot!(apply(&repository, &["--stack", "net"]), @"
    --- stderr ---
    applied net (ops): 0 added, 1 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    applied app (ops): 0 added, 1 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}

#[test]
fn a_plan_with_made_up_inputs_is_never_applied() {
    let repository = pair(FOLLOWS);
    let _ = plan(&repository).done();
    let [envelope] = &envelopes(&repository)[..] else { panic!() };
    let (mut manifest, shown) = unpack(&fs::read(envelope).unwrap());
    let stands = manifest["staging"].take();
    // The inputs are said to be real: but there is no plan in it.
    manifest.as_object_mut().unwrap().remove("staging");
    let made_up = manifest["mocked"].take();
    manifest["mocked"] = serde_json::json!([]);
    fs::write(envelope, pack(&manifest, &shown)).unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      app (ops): completeness differs: reviewed a complete plan, found a bundle without a plan file

    hint: `kstack plan` does not make such a bundle: find out who wrote to the plan store
    --- exit code 1 ---
    ");

    // There is a plan in it, made by hand as a preview makes it.
    let world = &repository.world;
    let state = "{\"version\":4,\"terraform_version\":\"1.0.0\",\"serial\":1,\"lineage\":\"x\",\"outputs\":{\"id\":{\"value\":\"x\",\
                 \"type\":\"string\"}},\"resources\":[]}";
    repository.write("infra/app/x.json", state);
    repository.write(
        "infra/app/zz_kstack_override.tf",
        "data \"terraform_remote_state\" \"net\" {\n  config = {\n    path = \"x.json\"\n  }\n}\n",
    );
    let place = format!("-backend-config=path={}/.kstack/state/ops/app.tfstate", world.work().display());
    let _ = world.must("infra/app", "terraform", &["init", "-input=false", &place]);
    let _ = world.must("infra/app", "terraform", &["plan", "-out=plan", "-var-file=../../environments/ops.tfvars"]);
    let plan = fs::read(world.work().join("infra/app/plan")).unwrap();
    manifest["plan_sha256"] = kstack_sha256(&plan).into();
    fs::write(envelope, pack(&manifest, &plan)).unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      app (ops): configuration differs: reviewed `infra/app/zz_kstack_override.tf` as the plan holds it, found no such file in the commit

    hint: the plan was not made from these files: find out who wrote to the plan store
    --- exit code 1 ---
    ");

    // The inputs are said to be made up, and the bundle to be no envelope.
    manifest["mocked"] = made_up;
    fs::write(envelope, pack(&manifest, &plan)).unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      app (ops): inputs differ: reviewed `outputs of net (ops)`, found that they were made up for the plan

    hint: `kstack plan` does not make such a bundle: find out who wrote to the plan store
    --- exit code 1 ---
    ");
    // And one that is an envelope is not taken for a plan, whatever lies in it.
    manifest["staging"] = stands;
    manifest["mocked"] = serde_json::json!([]);
    fs::write(envelope, pack(&manifest, &plan)).unwrap();
    let _ = apply(&repository, &[]).done();
    assert_ne!(repository.journal().entries["ops/app"].plan_sha256, manifest["plan_sha256"].as_str().unwrap());
}

fn kstack_sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
