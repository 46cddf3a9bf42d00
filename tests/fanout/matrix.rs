//! What `kstack ci matrix` tells people, programs and CI systems.

use super::{LOCAL, commit, grow, world};
use crate::support::cli::World;

fn matrix(world: &World, flags: &[&str]) -> String {
    world.kstack(&[&["ci", "matrix"], flags, &LOCAL].concat()).done().stdout
}

/// The shards, each as `stack/environment …`.
fn dealt(world: &World, flags: &[&str]) -> Vec<String> {
    let document: serde_json::Value =
        serde_json::from_str(&matrix(world, &[flags, &["--format=json"]].concat())).unwrap();
    let shards = document["shards"].as_array().unwrap().iter().enumerate().map(|(index, shard)| {
        assert_eq!(shard["shard"], format!("{}/{}", index + 1, document["shards"].as_array().unwrap().len()));
        let instances = shard["instances"].as_array().unwrap().iter();
        let names =
            instances.map(|one| format!("{}/{}", one["stack"].as_str().unwrap(), one["environment"].as_str().unwrap()));
        names.collect::<Vec<_>>().join(" ")
    });
    shards.collect()
}

#[test]
fn shards_are_told_to_everyone_in_their_own_form() {
    let world = world(&["alpha", "beta", "gamma"]);
    grow(&world, &["alpha", "gamma"]);
    insta::assert_snapshot!(matrix(&world, &["--shards=3"]), @"
    SHARD  INSTANCES
    1/3    alpha (ops), gamma (apps)
    2/3    gamma (ops)
    3/3    alpha (apps)
    ");
    assert_eq!(dealt(&world, &["--shards=3"]), ["alpha/ops gamma/apps", "gamma/ops", "alpha/apps"]);
    // Never an empty one, and as many as are asked for.
    assert_eq!(dealt(&world, &["--shards=9"]).len(), 4);
    assert_eq!(dealt(&world, &["--shards=1"]).len(), 1);
    assert_eq!(dealt(&world, &["--per-shard=3"]).len(), 2);
    insta::assert_snapshot!(matrix(&world, &["--shards=2", "--for=github"]), @r#"
    matrix={"include":[{"shard":"1/2","stacks":["alpha"]},{"shard":"2/2","stacks":["gamma"]}]}
    shards=2
    "#);
    insta::assert_snapshot!(matrix(&world, &["--shards=2", "--for=argo"]), @r#"[{"shard":"1/2","index":"1"},{"shard":"2/2","index":"2"}]"#);
    let pipeline = matrix(&world, &["--shards=2", "--for=gitlab"]);
    insta::assert_snapshot!(pipeline, @r#"
    # Written by `kstack ci matrix --for gitlab`.
    include:
      - local: .gitlab/kstack-shards.yml

    variables:
      KSTACK_BASE: "[COMMIT]"
      KSTACK_HEAD: "[COMMIT]"

    shard:
      extends: .kstack-shard
      parallel:
        matrix:
          - KSTACK_SHARD: ["1/2", "2/2"]

    report:
      extends: .kstack-report
      needs:
        - job: shard
          artifacts: true
    "#);
    let parsed: serde_json::Value = serde_saphyr::from_str(&pipeline).unwrap();
    assert_eq!(parsed["shard"]["parallel"]["matrix"][0]["KSTACK_SHARD"], serde_json::json!(["1/2", "2/2"]));
}

#[test]
fn nothing_to_plan_is_a_matrix_that_jobs_can_be_skipped_by() {
    let world = world(&["alpha"]);
    let told = ["--for=github", "--for=argo", "--for=gitlab"].map(|system| matrix(&world, &["--shards=4", system]));
    insta::assert_snapshot!(told.join("---\n"), @r#"
    matrix={"include":[]}
    shards=0
    ---
    []
    ---
    # Written by `kstack ci matrix --for gitlab`.
    include:
      - local: .gitlab/kstack-shards.yml

    variables:
      KSTACK_BASE: "[COMMIT]"
      KSTACK_HEAD: "[COMMIT]"

    report:
      extends: .kstack-report
      needs: []
    "#);
    insta::assert_snapshot!(world.kstack(&[&["ci", "matrix", "--shards=4"], &LOCAL[..]].concat()), @"
    --- stderr ---
    there is nothing to plan
    --- exit code 0 ---
    ");
    // A stranger's pull request: nothing of it is to run.
    grow(&world, &["alpha"]);
    assert_eq!(matrix(&world, &["--shards=4", "--for=argo", "--fork"]).trim(), "[]");
}

#[test]
fn a_stack_is_planned_with_what_it_reads() {
    let world = world(&["alpha", "beta", "gamma", "omega"]);
    grow(&world, &["alpha", "beta", "gamma"]);
    assert_eq!(dealt(&world, &["--shards=3"]), ["alpha/apps alpha/ops", "beta/apps beta/ops", "gamma/apps gamma/ops"]);
    world.write(
        "infra/omega/main.tf",
        &(super::stack(2)
            + "\ndata \"terraform_remote_state\" \"alpha\" {\n  backend = \"local\"\n  config = {\n    path = \
               \"../../.kstack/state/${var.environment}/alpha.tfstate\"\n  }\n}\n"),
    );
    commit(&world, "Let omega read alpha");
    let dealt = dealt(&world, &["--shards=8"]);
    let of = |instance: &str| dealt.iter().position(|shard| shard.split(' ').any(|one| one == instance)).unwrap();
    for environment in ["ops", "apps"] {
        assert_eq!(of(&format!("alpha/{environment}")), of(&format!("omega/{environment}")), "{dealt:?}");
    }
    assert_ne!(of("alpha/ops"), of("alpha/apps"), "each environment reads its own: {dealt:?}");
    assert_eq!(dealt.len(), 6);
}

#[test]
fn a_broken_change_has_no_matrix() {
    let world = world(&["alpha"]);
    world.write("infra/alpha/stack.hcl", "protct = [\"terraform_data.this\"]\n");
    commit(&world, "Protect");
    let ran = world.kstack(&[&["ci", "matrix", "--shards=4", "--for=github"], &LOCAL[..]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
    assert!(ran.stderr.contains("did you mean `protect`?"), "{ran}");
}
