//! `kstack promote`: what is refused, what is shown, and the tag that is pushed.

use crate::support::repository::Repository;

fn pool(size: &str) -> String {
    format!(
        "resource \"terraform_data\" \"pool\" {{\n  input = {{ environment = var.environment, size = {size} }}\n}}\n"
    )
}

/// A repository whose remote is a bare one beside it, with one commit that nobody has delivered.
fn repository() -> Repository {
    let mut repository = Repository::new();
    repository.world.filter(r"\d{4}-\d\d-\d\d \d\d:\d\d( UTC)?\b", "[WHEN]");
    repository.world.filter(r"\b[0-9a-f]{7}\b", "[SHORT]");
    repository.world.filter(r" +\n", "\n");
    // Ops and apps differ by more than their names.
    repository.stack("pool", &pool("var.environment == \"apps\" ? 3 : 1"));
    repository.commit("Add a pool");
    repository.git(&["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
    repository.git(&["remote", "add", "origin", "../origin.git"]);
    repository.git(&["push", "--quiet", "origin", "main"]);
    repository
}

fn remote_tags(repository: &Repository) -> String {
    repository.git(&["ls-remote", "--tags", "--refs", "origin"])
}

#[test]
fn a_commit_goes_on_when_the_rules_hold_and_as_it_was_reviewed() {
    let repository = repository();
    let promote = |arguments: &[&str]| repository.kstack(&[&["promote"], arguments].concat());

    // Not merged, not delivered, not planned: each is refused with what to do about it.
    repository.git(&["switch", "--quiet", "--create", "bigger"]);
    repository.stack("pool", &pool("9"));
    repository.commit("Grow the pool");
    insta::assert_snapshot!(promote(&["apps", "--commit", "HEAD"]), @"");
    repository.git(&["switch", "--quiet", "main"]);
    insta::assert_snapshot!(promote(&[]), @"");
    repository.deliver();
    insta::assert_snapshot!(promote(&[]), @"");

    // With a plan, it is shown beside what the environment before got; nothing is tagged yet.
    let _ = repository.kstack(&["plan", "--environment", "apps", "--pending"]).done();
    insta::assert_snapshot!(promote(&["apps"]), @"");
    insta::assert_snapshot!(promote(&["apps", "--push", "--dry-run", "--quiet"]).done().stderr, @"");
    insta::assert_snapshot!(promote(&["apps", "--push", "--dry-run"]).stderr, @"");
    for wrong in ["v1", "apps-deploy- 1", "apps-deploy-..", "-x"] {
        let ran = promote(&["apps", &format!("--tag={wrong}")]);
        assert_eq!(ran.code, Some(64), "{ran}");
    }
    insta::assert_snapshot!(promote(&["ops"]), @"");
    assert_eq!(remote_tags(&repository), "");

    // The tag is pushed, and a tag that only the remote has is counted.
    repository.git(&["push", "--quiet", "origin", "main:refs/tags/apps-deploy-7"]);
    let documents = promote(&["--push", "--format=json"]).done().json();
    assert_eq!(documents[0]["tag"], "apps-deploy-8");
    assert_eq!((&documents[0]["pushed"], &documents[0]["allowed"]), (&true.into(), &true.into()));
    assert_eq!(documents[1]["compared"][0]["unlike"][0]["attributes"][0]["path"], "input.size");
    assert!(remote_tags(&repository).contains("refs/tags/apps-deploy-8"));
    assert_eq!(repository.git(&["cat-file", "-t", "apps-deploy-8"]), "tag", "it says who made it");

    // The pipeline checks the same once more and delivers; then there is nothing to promote.
    let ci = ["ci", "--event", "tag", "--tag", "apps-deploy-8", "--no-handoff"];
    insta::assert_snapshot!(repository.kstack(&ci), @"");
    insta::assert_snapshot!(promote(&["apps", "--push"]).stderr, @"");
}

#[test]
fn a_tag_that_cannot_be_pushed_does_not_stay() {
    let repository = repository();
    repository.deliver();
    let _ = repository.kstack(&["plan", "--environment", "apps", "--pending"]).done();
    let hook = repository.world.root().join("origin.git/hooks/update");
    std::fs::write(&hook, "#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ran = repository.kstack(&["promote", "--push"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran.stderr, @"");
    assert_eq!((repository.git(&["tag"]), remote_tags(&repository)), (String::new(), String::new()));
}

#[test]
fn without_tags_there_is_no_promotion() {
    let repository = repository();
    let platform = repository.world.read("kstack.hcl").replace("tag:apps-deploy-*", "branch:apps");
    repository.write("kstack.hcl", &platform);
    repository.commit("Deliver by branches");
    repository.git(&["push", "--quiet", "origin", "main"]);
    insta::assert_snapshot!(repository.kstack(&["promote"]), @"");
}
