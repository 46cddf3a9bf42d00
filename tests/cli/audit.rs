//! `kstack audit` over a repository with merges, and journals that real applies wrote.

use crate::support::{
    forge::{Forge, Kind},
    repository::Repository,
};

fn pool(size: u8) -> String {
    format!("resource \"terraform_data\" \"pool\" {{\n  input = {size}\n}}\n")
}

/// Two stacks, three changes of the pool: one that was pushed and applied by hand, one that came as a pull request and was
/// applied by a pipeline, one that fails.
fn repository() -> Repository {
    let mut repository = Repository::new();
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d\b", "[WHEN]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[WHEN]"),
        (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
        (r"\b[0-9a-f]{12}\b", "[PLAN]"),
        (r"\b[0-9a-f]{7}\b", "[SHORT]"),
        (r#"(?m)^([^{\n][^\n]*(?:Actions"|=ada)),[^,\n]+,"#, "$1,[HOST],"),
        (r" +\n", "\n"),
    ] {
        repository.world.filter(pattern, name);
    }
    repository.write("kstack.hcl", &format!("{}\nforge \"github\" {{}}\n", repository.world.read("kstack.hcl")));
    repository.world.set("USER", "=ada");
    repository.stack("pool", &pool(1));
    repository.stack("other", "resource \"terraform_data\" \"other\" {}\n");
    repository.commit("Found pool, and other");
    repository.deliver();

    repository.git(&["switch", "--quiet", "--create", "bigger"]);
    repository.world.set("GIT_AUTHOR_NAME", "Bob, the \"builder\" of pools");
    repository.stack("pool", &pool(2));
    repository.commit("Grow the pool");
    let _ = repository.kstack(&["plan"]).done();
    repository.git(&["switch", "--quiet", "main"]);
    repository.world.set("GIT_AUTHOR_NAME", "Carol");
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "Merge pull request #7 from acme/bigger", "bigger"]);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTOR", "carol"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/platform"),
        ("GITHUB_RUN_ID", "42"),
    ] {
        repository.world.set(name, value);
    }
    let _ = repository.kstack(&["apply", "--no-handoff"]).done();

    repository.git(&["switch", "--quiet", "--create", "broken"]);
    let broken = "resource \"terraform_data\" \"pool\" {\n  input = 3\n  provisioner \"local-exec\" {\n    command = \"exit 7\"\n  }\n  triggers_replace = [3]\n}\n";
    repository.stack("pool", broken);
    repository.commit("Break the pool");
    let _ = repository.kstack(&["plan"]).done();
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "Merge branch 'broken'", "broken"]);
    assert_eq!(repository.kstack(&["apply", "--no-handoff"]).code, Some(1));
    repository
}

#[test]
fn who_applied_what_is_told_and_gaps_are_marked() {
    let repository = repository();
    let audit = |arguments: &[&str]| repository.kstack(&[&["audit"], arguments].concat());
    insta::assert_snapshot!(audit(&[]), @r#"
    --- stdout ---
    WHEN              STACK        STATUS   COMMIT   PULL REQUEST  PROPOSED BY                  APPROVED BY  MERGED BY  APPLIED BY             PLAN          MARKS
    [WHEN]  pool (ops)   failed   [SHORT]                Carol                                     Carol      carol, GitHub Actions  [PLAN]  no-pull-request, failed
    [WHEN]  pool (ops)   applied  [SHORT]  #7            Bob, the "builder" of pools               Carol      carol, GitHub Actions  [PLAN]
    [WHEN]  pool (ops)   applied  [SHORT]                Test                                                 =ada                   [PLAN]  pushed, by-hand
    [WHEN]  other (ops)  applied  [SHORT]                Test                                                 =ada                   [PLAN]  pushed, by-hand
    --- stderr ---
    GitHub was not asked: who approved is not known, and pull requests are told from the messages of commits; `KSTACK_FORGE_TOKEN` or `GITHUB_TOKEN` lets kstack ask it
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(audit(&["--csv", "--stack", "pool"]).done().stdout.replace("\r\n", "\n"), @r#"
    time,environment,stack,shared,status,run,commit,pull_requests,proposed_by,approved_by,merged_by,promoted_by,applied_by,host,job,plan_sha256,reviewed_sha256,marks,problem
    [WHEN],ops,pool,false,failed,[RUN],[COMMIT],,Carol,,Carol,,"carol, GitHub Actions",[HOST],https://github.com/acme/platform/actions/runs/42,[SHA256],,no-pull-request failed,"`terraform apply` failed: infra/pool/main.tf:11: local-exec provisioner error
    Error running command 'exit 7': exit status 7. Output:"
    [WHEN],ops,pool,false,applied,[RUN],[COMMIT],#7,"Bob, the ""builder"" of pools",,Carol,,"carol, GitHub Actions",[HOST],https://github.com/acme/platform/actions/runs/42,[SHA256],,,
    [WHEN],ops,pool,false,applied,[RUN],[COMMIT],,Test,,,,'=ada,[HOST],,[SHA256],,pushed by-hand,
    "#);
    let documents = audit(&["--format=json", "--stack", "pool"]).done().json();
    let merged = &documents[1]["apply"];
    assert_eq!(merged["changes"].as_array().unwrap().len(), 1, "{merged}");
    assert_eq!(merged["changes"][0]["pull_request"], 7);
    assert_eq!(merged["changes"][0]["proposed_by"], "Bob, the \"builder\" of pools");
    assert_eq!(merged["changes"][0]["merged_by"], "Carol");
    assert_eq!(merged["started_by"]["job"], "https://github.com/acme/platform/actions/runs/42");
    assert_eq!(merged["marks"], serde_json::json!([]));
    assert_eq!(merged["plan_sha256"], "[SHA256]");

    // What is asked for, and nothing else.
    let count = |arguments: &[&str]| audit(&[&["--format=json"], arguments].concat()).done().stdout.lines().count();
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["--marked"]), 3);
    assert_eq!(count(&["--environment", "apps"]), 0);
    assert_eq!(count(&["--since", "1h", "--until", "2999-12-31"]), 4);
    assert_eq!(count(&["--until", "2020-01-01"]), 0);
    assert_eq!(audit(&["--exit-code"]).code, Some(2));
    assert_eq!(audit(&["--exit-code", "--until", "2020-01-01"]).code, Some(0));
    insta::assert_snapshot!(audit(&["--since", "yesterday"]), @"
    --- stderr ---
    error: invalid value 'yesterday' for '--since <TIME>': it is neither a date (2026-01-31), a time ([WHEN]) nor how long ago (30d)

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(audit(&["--since", "2026-02-01", "--until", "2026-01-01"]), @"
    --- stderr ---
    error: `--since` is after `--until`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(audit(&["--environment", "prod"]), @"
    --- stderr ---
    error: there is no environment `prod`

    hint: `kstack.hcl` has: `ops`, `apps`
    --- exit code 1 ---
    ");
}

#[test]
fn a_commit_that_a_clone_does_not_have_is_marked() {
    let repository = repository();
    repository.git(&["checkout", "--quiet", "--orphan", "again"]);
    repository.commit("Begin anew");
    repository.git(&["branch", "--quiet", "--force", "main", "again"]);
    let documents = repository.kstack(&["audit", "--format=json", "--stack", "other"]).done().json();
    assert_eq!(documents[0]["apply"]["marks"], serde_json::json!(["pushed", "off-branch", "by-hand"]));
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    for branch in ["bigger", "broken"] {
        repository.git(&["branch", "--quiet", "--delete", "--force", branch]);
    }
    repository.git(&["gc", "--quiet", "--prune=now"]);
    let documents = repository.kstack(&["audit", "--format=json", "--stack", "other"]).done().json();
    assert_eq!(documents[0]["apply"]["marks"], serde_json::json!(["unknown-commit", "by-hand"]));
    assert_eq!(documents[0]["apply"]["changes"], serde_json::json!([]));
}

#[test]
fn the_forge_says_who_approved_and_what_no_pull_request_brought() {
    let mut repository = repository();
    let merged = repository.git(&["log", "--format=%H", "--grep=Merge pull request #7"]);
    let merged = merged.lines().next().unwrap().to_owned();
    // The world hides commits in what programs print; the reference itself has them.
    let merges = std::fs::read_to_string(repository.world.work().join(".git/logs/refs/heads/main")).unwrap();
    let merged = match merged.as_str() {
        "[COMMIT]" => merges.lines().nth(2).unwrap().split(' ').nth(1).unwrap().to_owned(),
        other => other.to_owned(),
    };
    let forge = Forge::start(Kind::Gitea, "base", "head");
    let platform = repository.world.read("kstack.hcl").replace("forge \"github\"", "forge \"gitea\"");
    repository.write("kstack.hcl", &platform);
    repository.commit("Move to Gitea");
    repository.world.set("GITEA_ACTIONS", "true");
    for (name, value) in forge.variables() {
        repository.world.set(name, value);
    }
    let marks = |approved: &[&str]| {
        {
            let mut state = forge.state();
            state.pull.state = "merged";
            state.pull.merge_commit = Some(merged.clone());
            state.pull.approved = approved.iter().map(|&who| who.to_owned()).collect();
        }
        let documents = repository.kstack(&["audit", "--format=json", "--stack", "pool"]).done().json();
        let change = &documents[1]["apply"]["changes"][0];
        let facts = ["proposed_by", "approved_by", "merged_by", "confirmed"].map(|name| change[name].clone());
        (serde_json::json!(facts).to_string(), documents[1]["apply"]["marks"].to_string())
    };
    assert_eq!(marks(&["carol"]), (r#"["alice",["carol"],"bob",true]"#.to_owned(), "[]".to_owned()));
    assert_eq!(marks(&["alice"]).1, r#"["self-approved"]"#);
    assert_eq!(marks(&[]).1, r#"["not-approved"]"#);
    let ran = repository.kstack(&["audit", "--no-forge", "--stack", "pool"]).done();
    assert!(ran.stderr.starts_with("Gitea was not asked"), "{ran}");
}
