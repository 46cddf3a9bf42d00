//! Flags and files that `kstack init` cannot use.

use super::*;

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
    error: cannot read `[WORLD]/work/gone`
      caused by: No such file or directory (os error 2)
    --- exit code 1 ---
    ");
    assert!(!world.work().join("acme").exists());
}
