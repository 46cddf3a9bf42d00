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
    insta::assert_snapshot!(promote(&["apps", "--commit", "HEAD"]), @"
    --- stdout ---
    [SHORT]: ops → apps
    RULE    HOLDS  FOUND
    merged  no     commit `[SHORT]` is not on branch `main`

    INSTANCE     STATE      COMMIT  WHEN  NOTE
    pool (apps)  unplanned
    --- stderr ---
    error: commit `[SHORT]` is not on branch `main`

    hint: only what was merged is promoted: tag a commit of that branch
    --- exit code 1 ---
    ");
    repository.git(&["switch", "--quiet", "main"]);
    insta::assert_snapshot!(promote(&[]), @"
    --- stdout ---
    [SHORT]: ops → apps
    RULE       HOLDS  FOUND
    merged     yes    it is on branch `main`
    delivered  no     commit `[SHORT]` was never delivered to `ops`

    INSTANCE     STATE      COMMIT  WHEN  NOTE
    pool (apps)  unplanned
    --- stderr ---
    error: commit `[SHORT]` was never delivered to `ops`

    hint: deliver it there first: `kstack apply --environment ops --commit [COMMIT]`
    --- exit code 1 ---
    ");
    repository.deliver();
    insta::assert_snapshot!(promote(&[]), @"
    --- stdout ---
    [SHORT]: ops → apps
    RULE       HOLDS  FOUND
    merged     yes    it is on branch `main`
    delivered  yes    it was delivered to `ops` on [WHEN]
    healthy    yes    `ops` has no clusters
    planned    no     there is no plan that fits: pool (apps)

    INSTANCE     STATE      COMMIT  WHEN  NOTE
    pool (apps)  unplanned
    --- stderr ---
    error: there is no plan that fits: pool (apps)

    hint: `kstack plan --environment apps --pending` plans them, for review
    --- exit code 1 ---
    ");

    // With a plan, it is shown beside what the environment before got; nothing is tagged yet.
    let _ = repository.kstack(&["plan", "--environment", "apps", "--pending"]).done();
    insta::assert_snapshot!(promote(&["apps"]), @r#"
    --- stdout ---
    [SHORT]: ops → apps
    RULE       HOLDS  FOUND
    merged     yes    it is on branch `main`
    delivered  yes    it was delivered to `ops` on [WHEN]
    healthy    yes    `ops` has no clusters
    planned    yes    what is to be applied has a reviewed plan

    INSTANCE     STATE    COMMIT  WHEN  NOTE
    pool (apps)  planned                from commit [COMMIT]

    environment  instances  create  change  replace  destroy  objects
    apps                 1       1       –        –        –        –

    Everything else
      + terraform_data.pool created  pool (apps)
        + input.environment = "apps"
        + input.size = 3
          (2 attributes known after apply)

    apps compared with ops
      pool (apps): 1 change is not what ops got
      ≠ terraform_data.pool created in both, with other values  pool (apps)
          input.size: 1 in ops, 3 in apps

    1 to create

    To promote it, run this, or the same command with `--push`:

      git tag --annotate --message 'Promote [SHORT] to apps' apps-deploy-1 [SHORT]
      git push origin refs/tags/apps-deploy-1
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(promote(&["apps", "--push", "--dry-run", "--quiet"]).done().stderr, @"");
    insta::assert_snapshot!(promote(&["apps", "--push", "--dry-run"]).stderr, @"would push tag `apps-deploy-1` to `origin`; nothing was changed");
    for wrong in ["v1", "apps-deploy- 1", "apps-deploy-..", "-x"] {
        let ran = promote(&["apps", &format!("--tag={wrong}")]);
        assert_eq!(ran.code, Some(64), "{ran}");
    }
    insta::assert_snapshot!(promote(&["ops"]), @"
    --- stderr ---
    error: `ops` is delivered by `branch:main`: there is no tag that promotes to it

    hint: merge into that branch: the pipeline delivers what is pushed there
    --- exit code 1 ---
    ");
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
    insta::assert_snapshot!(repository.kstack(&ci), @"
    --- stderr ---
    warning: the clusters of `ops` are not asked; when it was delivered, they were left alone
    applied pool (apps): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(promote(&["apps", "--push"]).stderr, @"`apps` has had commit `[SHORT]` already; there is nothing to promote");
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
    insta::assert_snapshot!(ran.stderr, @"
    error: remote `origin` rejected `refs/tags/apps-deploy-1`: [remote rejected] (hook declined)

    hint: fetch and merge the remote's commits first, or check the branch protection
    ");
    assert_eq!((repository.git(&["tag"]), remote_tags(&repository)), (String::new(), String::new()));
}

#[test]
fn without_tags_there_is_no_promotion() {
    let repository = repository();
    let platform = repository.world.read("kstack.hcl");
    let (before, after) = platform.split_once("environment \"apps\"").unwrap();
    repository.write("kstack.hcl", &format!("{before}{}", after.split_once("}\n\n").unwrap().1));
    repository.commit("Deliver to one environment");
    repository.git(&["push", "--quiet", "origin", "main"]);
    insta::assert_snapshot!(repository.kstack(&["promote"]), @r#"
    --- stderr ---
    error: no environment of the platform is delivered by tags

    hint: write `trigger = "tag:<pattern>"` into an environment of `kstack.hcl`
    --- exit code 1 ---
    "#);
}
