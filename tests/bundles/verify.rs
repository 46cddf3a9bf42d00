//! `verify = "replan"`: what somebody did to the world by hand moves no state, and is found all the same.

use std::fs;

use super::{apply, set_pipeline};
use crate::support::{cli::files_below, repository::Repository};

/// A stack whose plan depends on something outside the repository, and a reviewed change to it.
fn reviewed(setting: &str) -> Repository {
    let repository = Repository::new();
    set_pipeline(&repository, setting);
    fs::write(repository.world.root().join("world"), "as it was").unwrap();
    for greeting in ["hello", "good evening"] {
        let resources = format!(
            "resource \"terraform_data\" \"greeting\" {{\n  input = \"{greeting}\"\n}}\n\nresource \"terraform_data\" \
             \"world\" {{\n  input = file(\"{}/world\")\n}}\n",
            repository.world.root().display()
        );
        repository.stack("net", &resources);
        repository.commit("Greet");
        let _ = repository.kstack(&["plan"]).done();
        if greeting == "hello" {
            let _ = apply(&repository, &[]).done();
        }
    }
    repository
}

#[test]
fn a_world_that_was_changed_by_hand_is_refused() {
    let repository = reviewed("verify = \"replan\"");
    let before = repository.state("net").serial;
    fs::write(repository.world.root().join("world"), "changed by hand").unwrap();
    for flags in [&["--dry-run"][..], &[]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(apply(&repository, flags), @r"
            --- stderr ---
            error: nothing was applied: not everything is as it was reviewed
              net (ops): changes differ: reviewed 0 to add, 1 to change, 0 to destroy, found 0 to add, 2 to change, 0 to destroy (`terraform_data.world`: update instead of nothing), planned again right before the apply

            hint: run `kstack plan` for the commit, have the new plan reviewed, then apply again
            --- exit code 1 ---
            ");
        }
    }
    assert_eq!(repository.state("net").serial, before);

    // As it was reviewed, and the reviewed plan is the one that is applied.
    fs::write(repository.world.root().join("world"), "as it was").unwrap();
    let _ = apply(&repository, &[]).done();
    let entry = &repository.journal().entries["ops/net"];
    let bundles = files_below(&repository.pipeline().join("plans"));
    assert!(bundles.iter().any(|bundle| bundle.contains(&entry.plan_sha256[..16])), "{bundles:?}");
    assert_eq!(entry.reviewed_sha256, None);
}

#[test]
fn without_the_setting_the_world_is_not_looked_at() {
    let repository = reviewed("verify = \"bundle\"");
    fs::write(repository.world.root().join("world"), "changed by hand").unwrap();
    insta::assert_snapshot!(apply(&repository, &[]), @r"
    --- stderr ---
    applied net (ops): 0 added, 1 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}
