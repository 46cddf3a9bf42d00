//! `kstack init`: what it writes and says, and every refusal.

use std::{fs, io::Write as _, process::Stdio};

use crate::support::{
    cli::{Ran, World},
    terminal,
};

const REPOSITORY: &str = "https://git.example.com/acme/platform";

/// A world with install manifests of an engine beside the working folder.
fn world() -> World {
    let world = World::new();
    fs::write(world.root().join("engine.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n")
        .unwrap();
    world
}

/// Runs `kstack init` with the flags that every case needs, and `flags`.
fn init(world: &World, flags: &[&str]) -> Ran {
    let fixed = ["init", "--engine-manifests", "../engine.yaml"];
    world.kstack(&[&fixed[..], flags].concat())
}

/// A local platform with `flags`.
fn init_local(world: &World, flags: &[&str]) -> Ran {
    init(world, &[&["--provider", "local", "--repository", REPOSITORY][..], flags].concat())
}

/// An AWS platform with `flags`.
fn init_aws(world: &World, flags: &[&str]) -> Ran {
    let fixed = ["--provider", "aws", "--region", "eu-west-1", "--repository", REPOSITORY];
    init(world, &[&fixed[..], flags].concat())
}

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
fn a_repository_that_is_there_is_kept() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet", "--initial-branch", "other"]);
    init_local(&world, &[]).done();
    assert_eq!(world.must("", "git", &["symbolic-ref", "HEAD"]), "refs/heads/other\n");
}

#[test]
fn nothing_is_asked_without_a_terminal() {
    let world = world();
    insta::assert_snapshot!(init(&world, &[]), @r"
    --- stderr ---
    error: 2 answers are missing

    hint: `--cluster`: a cluster, such as `aws:gc0:eu-west-1` or `local:gc0`
    hint: `--repository`: address that the engines pull the repository from
    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init(&world, &["--provider", "local"]), @r"
    --- stderr ---
    error: `--repository` is missing: address that the engines pull the repository from

    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init(&world, &["--provider", "aws"]), @r"
    --- stderr ---
    error: 2 answers are missing

    hint: `--region`: region of the cluster
    hint: `--repository`: address that the engines pull the repository from
    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_aws(&world, &[]), @r"
    --- stderr ---
    error: 2 answers are missing

    hint: `--base-domain`: DNS domain of the clusters
    hint: `--state`: where Terraform state lives
    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_aws(&world, &["--base-domain", "p.example.com"]), @r"
    --- stderr ---
    error: `--state` is missing: where Terraform state lives

    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn a_folder_whose_name_is_no_name_needs_one() {
    let world = world();
    insta::assert_snapshot!(init_local(&world, &["42"]), @r"
    --- stderr ---
    error: `--name` is missing: name of the platform

    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
}

#[test]
fn files_in_the_way_are_named_and_kept() {
    let world = world();
    world.write("README.md", "mine");
    world.write("infra/local-gc0/main.tf", "mine");
    insta::assert_snapshot!(init_local(&world, &["--allow-non-empty"]), @r"
    --- stderr ---
    error: 2 files are in the way in `[WORLD]/work`

    hint: in the way: `README.md`, `infra/local-gc0/main.tf`
    hint: move them away, or choose another folder; `--overwrite` replaces files, but no folders and links
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["README.md", "infra/local-gc0/main.tf"]);
    assert_eq!(world.read("README.md"), "mine");
}

#[test]
fn a_folder_that_holds_something_is_refused_with_the_flag_that_allows_it() {
    let world = world();
    world.write("LICENSE", "mine");
    insta::assert_snapshot!(init_local(&world, &[]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not empty: it holds `LICENSE`

    hint: choose another folder, or give `--allow-non-empty` to write beside what is there
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["LICENSE"]);
    init_local(&world, &["--allow-non-empty"]).done();
    assert_eq!(world.read("LICENSE"), "mine");
    assert!(world.files("").contains(&"kstack.hcl".to_owned()));
}

#[test]
fn files_in_the_way_are_replaced_only_when_asked_for_and_are_named() {
    let world = world();
    world.write("README.md", "mine");
    world.write("infra/local-gc0/main.tf", "mine");
    world.write("infra/mine.tf", "mine");
    let ran = init_local(&world, &["--overwrite", "--dry-run"]).done();
    assert!(ran.stderr.contains("would replace README.md, infra/local-gc0/main.tf\n"), "{ran}");
    assert_eq!(world.read("README.md"), "mine");
    let ran = init_local(&world, &["--overwrite"]).done();
    assert!(ran.stderr.contains("replaced README.md, infra/local-gc0/main.tf\n"), "{ran}");
    assert!(world.read("README.md").starts_with("# Platform work"));
    assert_eq!(world.read("infra/mine.tf"), "mine");
    // The platform itself may be written anew, too, and only with the flag.
    assert_eq!(init_local(&world, &["--allow-non-empty"]).code, Some(1));
    init_local(&world, &["--overwrite", "--base-domain", "other.example.com"]).done();
    assert!(world.read("kstack.hcl").contains("other.example.com"));
}

#[test]
fn nothing_is_left_when_the_files_cannot_be_written() {
    let world = world();
    world.write("acme/infra", "a file where a folder must be");
    insta::assert_snapshot!(init_local(&world, &["acme", "--overwrite"]), @r"
    --- stderr ---
    error: a file is in the way in `[WORLD]/work/acme`

    hint: in the way: `infra`
    hint: move them away, or choose another folder; `--overwrite` replaces files, but no folders and links
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["acme/infra"]);
}

#[test]
fn a_platform_is_not_scaffolded_into_another() {
    let world = world();
    init_local(&world, &["acme"]).done();
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is a platform already

    hint: choose another folder, or give `--overwrite` to write it anew
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["acme/below/it"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is a platform already

    hint: choose a folder outside of it
    --- exit code 1 ---
    ");
}

#[test]
fn a_platform_is_not_scaffolded_into_another_repository() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet"]);
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` lies inside a Git repository

    hint: a platform is a repository of its own: choose a folder outside of `[WORLD]/work`, or give `--allow-nested`
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn a_platform_inside_another_repository_is_one_of_its_own() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet"]);
    init_local(&world, &["acme", "--allow-nested"]).done();
    let root = world.must("acme", "git", &["rev-parse", "--show-toplevel"]);
    assert_eq!(root.trim_end(), "[WORLD]/work/acme");
    assert_eq!(world.must("", "git", &["ls-files", "--others"]), "acme/\n");
}

#[test]
fn a_file_is_not_a_folder() {
    let world = world();
    world.write("acme", "a file");
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is not a folder

    hint: choose another one
    --- exit code 1 ---
    ");
}

#[test]
fn names_that_cannot_be_used() {
    let world = world();
    insta::assert_snapshot!(init_local(&world, &["--name", "Acme"]), @r"
    --- stderr ---
    error: `Acme` is not a valid platform name: only lower-case letters, digits and `-` are allowed

    hint: give another `--name`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--environments", "ops,"]), @r"
    --- stderr ---
    error: `` is not a valid environment name: it is empty

    hint: give another `--environments`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--environments", "ops,shared"]), @r"
    --- stderr ---
    error: `shared` is what stacks without an environment are filed under

    hint: give another `--environments`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--environments", "ops,ops"]), @r"
    --- stderr ---
    error: environment `ops` is named twice

    hint: give another `--environments`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--default-branch", "ma in"]), @r"
    --- stderr ---
    error: `ma in` is not a branch name: it holds a space or a character that is not ASCII

    hint: give another `--default-branch`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--base-domain", "localhost"]), @r"
    --- stderr ---
    error: `localhost` is not a domain: write it with its parent, such as `platform.example.com`

    hint: give another `--base-domain`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--region", "eu-west-1"]), @r"
    --- stderr ---
    error: a local cluster has no region

    hint: leave `--region` out
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn clusters_that_cannot_be_made() {
    let world = world();
    let cluster = |cluster: &str| init(&world, &["--repository", REPOSITORY, "--cluster", cluster]);
    insta::assert_snapshot!(cluster("gc0"), @r"
    --- stderr ---
    error: invalid value 'gc0' for '--cluster <CLUSTER>': `gc0` names no cluster: write `local:<name>` or `<aws|google|azure>:<name>:<region>`

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(cluster("aws:gc0:europe"), @r"
    --- stderr ---
    error: invalid value 'aws:gc0:europe' for '--cluster <CLUSTER>': `aws:gc0:europe` names no cluster: the region `europe` does not look like `eu-west-1`

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(cluster("aws:Gc0:eu-west-1"), @r"
    --- stderr ---
    error: invalid value 'aws:Gc0:eu-west-1' for '--cluster <CLUSTER>': `Gc0` is not a valid cluster name: only lower-case letters, digits and `-` are allowed

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(cluster(&format!("local:{}", "n".repeat(41))), @r"
    --- stderr ---
    error: invalid value 'local:nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' for '--cluster <CLUSTER>': `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn` is not a valid cluster name: it is longer than 40 characters

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    let region = ["--provider", "aws", "--region", "Ireland", "--repository", REPOSITORY];
    insta::assert_snapshot!(init(&world, &region), @r"
    --- stderr ---
    error: `aws:gc0:Ireland` names no cluster: the region `Ireland` does not look like `eu-west-1`

    hint: give another `--region`
    --- exit code 64 ---
    ");
    let both = ["--cluster", "local:a", "--provider", "local"];
    insta::assert_snapshot!(init(&world, &both), @r"
    --- stderr ---
    error: the argument '--cluster <CLUSTER>' cannot be used with '--provider <PROVIDER>'

    Usage: kstack init --engine-manifests <FILE> --cluster <CLUSTER> [DIR]

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn repositories_and_states_that_cannot_be_used() {
    let world = world();
    let repository = |url: &str| init(&world, &["--provider", "local", "--repository", url]);
    insta::assert_snapshot!(repository("git@github.com:acme/platform"), @r"
    --- stderr ---
    error: `git@github.com:acme/platform` is not a repository's address: write `ssh://git@host/path` instead of `git@host:path`

    hint: give another `--repository`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(repository("https://token@github.com/acme/platform"), @r"
    --- stderr ---
    error: the address holds credentials; they belong to the hand-over, not into the repository

    hint: give another `--repository`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(repository("/srv/platform.git"), @r"
    --- stderr ---
    error: `/srv/platform.git` is not a repository's address: write an address that begins with `https://` or `ssh://`

    hint: give another `--repository`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--state", "gcs://bucket"]), @r"
    --- stderr ---
    error: `gcs://bucket` is no place for state: write `local`, `s3://<bucket>?region=<region>`, `gs://<bucket>` or `az://<storage account>/<container>?resource_group=<name>`

    hint: give another `--state`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--state", "s3://bucket"]), @r"
    --- stderr ---
    error: `s3://bucket` names no region, and no cluster has one: write `local`, `s3://<bucket>?region=<region>`, `gs://<bucket>` or `az://<storage account>/<container>?resource_group=<name>`

    hint: give another `--state`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--state", "s3://B?region=eu-west-1"]), @r"
    --- stderr ---
    error: `B` is not a bucket name: it must have 3 to 63 characters

    hint: give another `--state`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--forge", "github"]), @"
    --- stderr ---
    error: a pipeline cannot reach state on this machine; give `--state`, such as `s3://<bucket>`

    hint: give another `--forge`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["--forge", "gitlab"]), @r"
    --- stderr ---
    error: a pipeline cannot reach state on this machine; give `--state`, such as `s3://<bucket>`

    hint: give another `--forge`
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn several_wrong_answers_are_told_at_once() {
    let world = world();
    let ran = init(&world, &["--provider", "local", "--repository", "x", "--base-domain", "y"]);
    insta::assert_snapshot!(ran, @r"
    --- stderr ---
    error: 2 answers cannot be used

    hint: `--base-domain`: `y` is not a domain: write it with its parent, such as `platform.example.com`
    hint: `--repository`: `x` is not a repository's address: write an address that begins with `https://` or `ssh://`
    --- exit code 64 ---
    ");
}

#[test]
fn the_engine_s_manifests_must_be_readable() {
    let world = World::new();
    let flags = ["init", "--provider", "local", "--repository", REPOSITORY, "--engine-manifests", "gone.yaml"];
    insta::assert_snapshot!(world.kstack(&flags), @r"
    --- stderr ---
    error: cannot read `[WORLD]/work/gone.yaml`: No such file or directory (os error 2)

    hint: give another `--engine-manifests`
    --- exit code 1 ---
    ");
}

#[test]
fn a_broken_template_is_named_with_its_line() {
    let mut world = world();
    world.write("templates/platform/NOTES.md", "# Notes\n<%= platform.owner %>\n");
    world.set("KSTACK_TEMPLATES_DIR", world.work().join("templates"));
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: the template `platform/NOTES.md` does not render
      caused by: undefined value: `platform.owner` is undefined (in platform/NOTES.md:2)
    --- exit code 1 ---
    ");
    world.set("KSTACK_TEMPLATES_DIR", world.work().join("gone"));
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: cannot read the templates in `[WORLD]/work/gone`
      caused by: No such file or directory (os error 2)
    --- exit code 1 ---
    ");
    assert!(!world.work().join("acme").exists());
}

/// The answers of a platform at AWS, and a mistake for each kind.
const ANSWERS: &str = r#"
platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://git.example.com/acme/platform"
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"
}
"#;

#[test]
fn answers_come_from_a_file_and_flags_stand_over_them() {
    let world = world();
    world.write("answers.hcl", ANSWERS);
    init(&world, &["one", "--answers", "answers.hcl"]).done();
    assert!(world.read("one/kstack.hcl").contains("platform \"acme\""));
    assert!(world.read("one/infra/eks-gc0-eu-west-1/main.tf").contains("10.0.0.0/16"));
    let flags = ["--base-domain", "other.example.com", "--cluster", "local:lab", "--cluster", "aws:gc1:us-east-2"];
    init(&world, &[&["two", "--answers", "answers.hcl"][..], &flags].concat()).done();
    assert!(world.read("two/kstack.hcl").contains("other.example.com"));
    assert!(world.read("two/infra/eks-gc1-us-east-2/main.tf").contains("us-east-2a"));
    assert!(
        world.work().join("two/infra/local-lab").is_dir() && !world.work().join("two/infra/eks-gc0-eu-west-1").exists()
    );
}

#[test]
fn answers_come_from_standard_input() {
    let world = world();
    let mut command = world.command(env!("CARGO_BIN_EXE_kstack"), &world.work());
    command.args(["init", "acme", "--engine-manifests", "../engine.yaml", "--quiet", "--answers", "-"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(ANSWERS.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
    assert!(world.read("acme/kstack.hcl").contains("platform \"acme\""));
}

#[test]
fn printed_answers_make_the_same_platform_and_write_nothing() {
    let world = world();
    let flags = [
        "--google-project",
        "acme-platform",
        "--cluster",
        "google:gc0:europe-west1:b,c",
        "--cluster",
        "aws:gc0:eu-west-1",
    ];
    let more = ["--state", "gs://acme-state", "--base-domain", "acme.example.com", "--repository", REPOSITORY];
    let flags = [&flags[..], &more, &["--forge", "github", "--manage-repository"]].concat();
    let printed = init(&world, &[&["acme", "--print-answers"][..], &flags].concat()).done();
    assert_eq!(world.files(""), Vec::<String>::new());
    world.write("answers.hcl", &printed.stdout);
    init(&world, &[&["one/acme"][..], &flags].concat()).done();
    init(&world, &["two/acme", "--answers", "answers.hcl"]).done();
    assert_eq!(world.files("one"), world.files("two"));
    assert!(
        world.files("one").iter().any(|file| file.starts_with("acme/infra/repository/")),
        "what is managed is there"
    );
    for file in world.files("one") {
        assert_eq!(world.read(&format!("one/{file}")), world.read(&format!("two/{file}")), "{file}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_its_place_and_nothing_written() {
    let world = world();
    let wrong = ANSWERS
        .replace("base_domain", "base_domian")
        .replace("\"aws\"", "\"asw\"")
        .replace("bucket = \"acme-state\"", "bucket = 7");
    world.write("answers.hcl", &wrong);
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r#"
    --- stderr ---
    error: `answers.hcl` has 3 problems

    error: block `platform` takes no attribute `base_domian`
     --> answers.hcl:3:3
      |
    3 |   base_domian = "acme.example.com"
      |   ^^^^^^^^^^^
      |
    help: did you mean `base_domain`?

    error: `bucket` must be a string
     --> answers.hcl:8:12
      |
    8 |   bucket = 7
      |            ^

    error: unknown provider `asw`
      --> answers.hcl:13:14
       |
    13 |   provider = "asw"
       |              ^^^^^
       |
    help: known: `aws`, `google`, `azure`, `local`
    --- exit code 1 ---
    "#);
    world.write("answers.hcl", &ANSWERS.replace("acme.example.com", "acme").replace("acme-state", "No"));
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r#"
    --- stderr ---
    error: 2 answers cannot be used

    error: `acme` is not a domain: write it with its parent, such as `platform.example.com`
     --> answers.hcl:3:17
      |
    3 |   base_domain = "acme"
      |                 ^^^^^^

    error: `No` is not a bucket name: it must have 3 to 63 characters
     --> answers.hcl:7:7
      |
    7 | state "s3" {
      |       ^^^^
    --- exit code 1 ---
    "#);
    world.write("answers.hcl", "platform {{\n");
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r"
    --- stderr ---
    error: `answers.hcl` has a problem

    error: invalid HCL: invalid block body; expected `}`, newline or identifier
     --> answers.hcl:1:11
      |
    1 | platform {{
      |           ^
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "gone.hcl"]), @r"
    --- stderr ---
    error: cannot read `gone.hcl`: No such file or directory (os error 2)

    hint: give another file of answers with `--answers`
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["answers.hcl"]);
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let world = world();
    let clusters = ["--cluster", "google:gc0:europe-west1", "--cluster", "azure:gc0:westeurope"];
    insta::assert_snapshot!(init(&world, &clusters), @r"
    --- stderr ---
    error: 5 answers are missing

    hint: `--google-project`: id of the Google Cloud project
    hint: `--azure-subscription`: id of the Azure subscription
    hint: `--base-domain`: DNS domain of the clusters
    hint: `--repository`: address that the engines pull the repository from
    hint: `--state`: where Terraform state lives
    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";

#[test]
fn what_is_missing_is_asked_for_on_a_terminal_with_defaults_and_until_it_can_be_used() {
    let world = world();
    let steps = [
        ("where the cluster runs (`--cluster`)", "\r"),
        ("region of the cluster", "Ireland\r"),
        ("the region `Ireland` does not look like `eu-west-1`", "eu-west-1\r"),
        ("name of the cluster [gc0]", "\r"),
        ("one more cluster", "y"),
        ("where the cluster runs", &format!("{DOWN}{DOWN}{DOWN}\r")),
        ("name of the cluster [gc1]", "lab\r"),
        ("one more cluster", "n"),
        ("DNS domain of the clusters (`--base-domain`)", "platform\r"),
        ("`platform` is not a domain", "platform.example.com\r"),
        ("pull the repository from (`--repository`)", &format!("{REPOSITORY}\r")),
        ("where Terraform state lives (`--state`) [s3://acme-kstack-state]", "\r"),
    ];
    let talk = terminal::talk(&world, &["init", "acme", "--engine-manifests", "../engine.yaml"], &steps);
    assert_eq!(talk.code, 0, "{}", talk.screen);
    let platform = world.read("acme/kstack.hcl");
    for line in ["platform.example.com", "\"acme-kstack-state\"", "region = \"eu-west-1\"", REPOSITORY] {
        assert!(platform.contains(line), "{line} in {platform}");
    }
    let stacks = ["infra/eks-gc0-eu-west-1/main.tf", "infra/local-lab/main.tf"];
    assert!(stacks.iter().all(|path| world.work().join("acme").join(path).is_file()), "{:?}", world.files("acme"));
}

#[test]
fn only_what_flags_leave_open_is_asked_for() {
    let world = world();
    let flags = ["init", "acme", "--engine-manifests", "../engine.yaml", "--provider", "local"];
    let talk = terminal::talk(&world, &flags, &[("(`--repository`)", &format!("{REPOSITORY}\r"))]);
    assert_eq!(talk.code, 0, "{}", talk.screen);
    assert!(world.read("acme/kstack.hcl").contains("acme.localhost"));
}

#[test]
fn ctrl_c_at_a_question_leaves_nothing() {
    let world = world();
    let flags = ["init", "acme", "--engine-manifests", "../engine.yaml"];
    // At a list, where the cursor is hidden, and at a line.
    let (list, line) = (("where the cluster runs", CTRL_C), ("region of the cluster", CTRL_C));
    for steps in [&[list][..], &[("where the cluster runs", "\r"), line]] {
        let talk = terminal::talk(&world, &flags, steps);
        assert_eq!(talk.code, 130, "{}", talk.screen);
        assert!(talk.screen.contains("interrupted; nothing was written"), "{}", talk.screen);
        let (hidden, shown) = (talk.screen.rfind("\u{1b}[?25l"), talk.screen.rfind("\u{1b}[?25h"));
        assert!(hidden.is_some() && hidden < shown, "the cursor is left hidden: {}", talk.screen);
        assert_eq!(fs::read_dir(world.work()).unwrap().count(), 0);
    }
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
