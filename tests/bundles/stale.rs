//! `on_stale = "compare"`: when only the time has passed by a plan, it is made again, and applied if it is the same.

use std::fs;

use super::{apply, data, set_pipeline};
use crate::support::{cli::Ran, repository::Repository};

/// A stack that was applied, and a reviewed change to it.
fn reviewed(setting: &str) -> Repository {
    let repository = Repository::new();
    set_pipeline(&repository, setting);
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    let _ = repository.kstack(&["plan"]).done();
    let _ = apply(&repository, &[]).done();
    repository.stack("net", &data("good evening"));
    repository.commit("Greet in the evening");
    let _ = repository.kstack(&["plan"]).done();
    repository
}

/// Somebody works on the state by hand.
fn edit_state(repository: &Repository, edit: impl Fn(String) -> String) {
    let path = repository.world.work().join(".kstack/state/ops/net.tfstate");
    let serial = repository.state("net").serial;
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(&format!("\"serial\": {serial}"), &format!("\"serial\": {}", serial + 4));
    fs::write(&path, edit(text)).unwrap();
}

fn refused(repository: &Repository) -> Ran {
    let before = fs::read(repository.world.work().join(".kstack/state/ops/net.tfstate")).unwrap();
    let ran = apply(repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(fs::read(repository.world.work().join(".kstack/state/ops/net.tfstate")).unwrap(), before);
    ran
}

#[test]
fn the_same_changes_are_applied_and_the_journal_says_so() {
    let repository = reviewed("on_stale = \"compare\"");
    edit_state(&repository, |text| text);
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    warning: net (ops): state serial differs: reviewed 1, found 5; planned again, with the reviewed changes as the result
    applied net (ops): 0 added, 1 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    let entry = &repository.journal().entries["ops/net"];
    let reviewed = entry.reviewed_sha256.clone().unwrap();
    assert_ne!(reviewed, entry.plan_sha256);
    assert_eq!(entry.before.as_ref().unwrap().serial, 5);
}

#[test]
fn other_changes_are_refused_and_shown() {
    let repository = reviewed("on_stale = \"compare\"");
    edit_state(&repository, |text| text.replace("hello", "something by hand"));
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): changes differ: reviewed 0 to add, 1 to change, 0 to destroy, found 0 to add, 1 to change, 0 to destroy (`terraform_data.greeting`: update, with other values of `input`, `output`), planned again because the state serial differs

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
    // A resource that is gone: it would be made, and an update was reviewed.
    edit_state(&repository, |text| {
        let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["resources"] = serde_json::json!([]);
        state.to_string()
    });
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): changes differ: reviewed 0 to add, 1 to change, 0 to destroy, found 1 to add, 0 to change, 0 to destroy (`terraform_data.greeting`: create instead of update), planned again because the state serial differs

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
}

#[test]
fn a_destroy_that_nobody_reviewed_is_refused() {
    let repository = reviewed("on_stale = \"compare\"");
    // The state has a resource that the configuration does not: the new plan would destroy it.
    edit_state(&repository, |text| {
        let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut extra = state["resources"][0].clone();
        extra["name"] = "forgotten".into();
        state["resources"].as_array_mut().unwrap().push(extra);
        state.to_string()
    });
    insta::assert_snapshot!(refused(&repository), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): changes differ: reviewed 0 to add, 1 to change, 0 to destroy, found 0 to add, 1 to change, 1 to destroy (`terraform_data.forgotten`: destroy instead of nothing), planned again because the state serial differs

    hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
    --- exit code 1 ---
    ");
}

#[test]
fn without_the_setting_it_is_refused() {
    let repository = reviewed("on_stale = \"refuse\"");
    edit_state(&repository, |text| text);
    let ran = refused(&repository);
    assert!(ran.stderr.contains("net (ops): state serial differs: reviewed 1, found 5"), "{ran}");
}

#[test]
fn another_state_or_other_files_are_never_compared() {
    let repository = reviewed("on_stale = \"compare\"");
    let lineage = repository.state("net").lineage;
    edit_state(&repository, |text| text.replacen(&lineage, "11111111-2222-3333-4444-555555555555", 1));
    assert!(refused(&repository).stderr.contains("state lineage differs"));
    edit_state(&repository, |text| text.replacen("11111111-2222-3333-4444-555555555555", &lineage, 1));
    repository.stack("net", &data("good night"));
    repository.commit("Greet in the night, which nobody reviewed");
    assert!(refused(&repository).stderr.contains("closure differs"));
}
