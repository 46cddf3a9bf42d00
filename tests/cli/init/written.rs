//! What `kstack init` writes and says.

use super::*;

#[test]
fn a_local_platform() {
    let mut world = world();
    world.filter(r"modules/ +\d+ files", "modules/         [N] files");
    world.filter(r"wrote \d+ files", "wrote [N] files");
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r#"
    --- stdout ---
    .gitignore
    README.md
    apps/            6 files
    clusters/        12 files
    environments/    4 files
    infra/           5 files
    kstack.hcl
    kstack.lock.hcl
    modules/         [N] files
    services/        16 files
    --- stderr ---

    wrote [N] files to `acme`: platform `acme`

    next:
      cd acme
      git add --all && git commit -m "Scaffold the platform"
      kstack validate
      kstack plan
    --- exit code 0 ---
    "#);
    world.install("git");
    assert_eq!(world.must("acme", "git", &["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    assert_eq!(world.must("acme", "git", &["status", "--porcelain"]).lines().next(), Some("?? .gitignore"));
}

#[test]
fn an_aws_platform_says_what_must_be_done_first() {
    let world = world();
    let state = ["--base-domain", "p.example.com", "--state", "s3://acme-state"];
    let ran = init_aws(&world, &[&state[..], &["--quiet", "acme"]].concat()).done();
    assert!(!ran.stdout.is_empty() && ran.stderr.is_empty());
    let ran = init_aws(&world, &[&state[..], &["other"]].concat()).done();
    assert!(ran.stderr.contains("First delivery"), "{ran}");
}

#[test]
fn an_environment_of_its_own_branch_and_state() {
    let world = world();
    let flags = ["--environments", "dev, prod", "--default-branch", "trunk", "--state", "s3://b-1?region=us-east-1"];
    init_local(&world, &flags).done();
    let text = world.read("kstack.hcl");
    for line in ["trigger = \"branch:trunk\"", "\"tag:prod-deploy-*\"", "region = \"us-east-1\"", "platform \"work\""] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn json_lists_the_files() {
    let world = world();
    let documents = init_local(&world, &["acme", "--format", "json"]).done().json();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["type"], "init");
    let mut files: Vec<_> =
        documents[0]["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, world.files("acme"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = world();
    let ran = init_local(&world, &["acme", "--dry-run"]).done();
    assert!(ran.stdout.lines().any(|line| line == "infra/local-gc0/main.tf"), "{ran}");
    assert!(ran.stderr.starts_with("would write "), "{ran}");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn no_git_leaves_the_repository_out() {
    let world = world();
    init_local(&world, &["acme", "--no-git"]).done();
    assert!(!world.work().join("acme/.git").exists());
}

#[test]
fn the_examples_of_the_help_work_and_fit_a_terminal() {
    let world = world();
    let help = world.kstack(&["init", "--help"]).done().stdout;
    // What `COLUMNS` says in this world.
    assert_eq!(help.lines().filter(|line| line.chars().count() > 100).collect::<Vec<_>>(), Vec::<&str>::new());
    let text = help.replace("\\\n", "");
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("kstack init "));
    // A line with an ellipsis is no whole one.
    let lines: Vec<&str> = lines.filter(|line| !line.contains('…')).collect();
    let (files, flags): (Vec<&str>, Vec<&str>) = lines.iter().copied().partition(|line| line.contains("--answers"));
    for line in &flags {
        let arguments: Vec<&str> = line.split_whitespace().chain(["--dry-run"]).collect();
        init(&world, &arguments).done();
    }
    assert_eq!((files.len(), flags.len()), (1, 3), "{text}");
}
