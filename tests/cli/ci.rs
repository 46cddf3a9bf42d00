//! `kstack ci` on a platform without clusters: two environments, one stack of Terraform's own resource, local state.

use crate::support::cli::World;

const PLATFORM: &str = r#"kstack {
  version = "0.1.0"
}

platform "lab" {
  repository = "https://git.example.com/lab"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "local" {}

engine "flux" {
  version = "2.7.3"
}
"#;

const STACK: &str = r#"variable "environment" {
  type = string
}

resource "terraform_data" "pool" {
  input = { environment = var.environment, size = 1 }
}
"#;

/// A platform whose first commit is on `main`, and whose change is on the branch `bigger`.
fn world() -> World {
    let mut world = World::new();
    for program in ["git", "terraform", "kubectl"] {
        world.install(program);
    }
    world.filter(r"[0-9a-f]{40}", "[COMMIT]");
    world.filter(r"\b[0-9a-f]{7}\b", "[SHORT]");
    world.filter(r"\(\d+\.\d s\)", "(TIME)");
    world.write("kstack.hcl", PLATFORM);
    world.write(".gitignore", "/.kstack/\n");
    world.write("infra/pool/main.tf", STACK);
    world.write("infra/pool/backend.tf", "terraform {\n  backend \"local\" {}\n}\n");
    for environment in ["ops", "apps"] {
        world.write(&format!("environments/{environment}.tfvars"), &format!("environment = \"{environment}\"\n"));
        world.write(&format!("environments/{environment}.tfbackend"), "");
    }
    git(&world, &["init", "--quiet", "--initial-branch", "main"]);
    commit(&world, "Begin");
    git(&world, &["switch", "--quiet", "--create", "bigger"]);
    world.write("infra/pool/main.tf", &STACK.replace("size = 1", "size = 2"));
    commit(&world, "Grow the pool");
    world
}

fn git(world: &World, arguments: &[&str]) -> String {
    world.must("", "git", arguments)
}

fn commit(world: &World, message: &str) {
    git(world, &["add", "--all"]);
    git(world, &["commit", "--quiet", "--message", message]);
}

/// The commit of a branch; not by the git program, whose output is made the same everywhere.
fn tip(world: &World, branch: &str) -> String {
    world.read(&format!(".git/refs/heads/{branch}")).trim().to_owned()
}

#[test]
fn a_pull_request_gets_one_comment_a_merge_applies_it_and_a_tag_promotes_it() {
    let mut world = world();

    // The pull request, as GitHub's variables tell it.
    let event = serde_json::json!({"pull_request": {
        "base": {"sha": tip(&world, "main"), "repo": {"full_name": "acme/lab"}},
        "head": {"sha": tip(&world, "bigger"), "repo": {"full_name": "acme/lab"}},
    }});
    std::fs::write(world.root().join("event.json"), event.to_string()).unwrap();
    world.set("GITHUB_EVENT_NAME", "pull_request");
    world.set("GITHUB_EVENT_PATH", world.root().join("event.json"));
    world.kstack(&["ci", "--comment", "../comment.md"]).done();
    let comment = std::fs::read_to_string(world.root().join("comment.md")).unwrap();
    assert!(comment.starts_with("<!-- kstack:review -->"), "{comment}");
    assert!(comment.contains("terraform_data.pool"), "{comment}");
    assert!(comment.contains("| `ops` | 1 | 1 |") && comment.contains("| `apps` | 1 | 1 |"), "{comment}");

    // The merge, with a commit of its own: the plan that was reviewed is applied, and the next environment is planned.
    git(&world, &["switch", "--quiet", "main"]);
    git(&world, &["merge", "--quiet", "--no-ff", "--message", "Merge branch 'bigger'", "bigger"]);
    world.set("GITHUB_EVENT_NAME", "push");
    world.set("GITHUB_REF", "refs/heads/main");
    world.set("GITHUB_SHA", tip(&world, "main"));
    insta::assert_snapshot!(world.kstack(&["ci"]), @r#"
    --- stdout ---
    next: environment `apps`
    environment  instances  create  change  replace  destroy  objects
    apps                 1       1       –        –        –        –

    Everything else
      + terraform_data.pool created  pool (apps)
        + input.environment = "apps"
        + input.size = 2
          (2 attributes known after apply)

    apps compared with ops
      pool (apps): apps would get what ops got; 1 change is the same

    1 to create
    --- stderr ---
    applied pool (ops): 1 added, 0 changed, 0 destroyed (TIME)
    planned pool (apps): 1 to add, 0 to change, 0 to destroy (TIME)
    --- exit code 0 ---
    "#);

    // The tag: promoted as planned.
    git(&world, &["tag", "apps-deploy-1"]);
    world.set("GITHUB_REF", "refs/tags/apps-deploy-1");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    applied pool (apps): 1 added, 0 changed, 0 destroyed (TIME)
    --- exit code 0 ---
    ");
    let state = world.read(".kstack/state/apps/pool.tfstate");
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["resources"][0]["instances"][0]["attributes"]["input"]["value"]["size"], 2);
}

#[test]
fn a_strangers_pull_request_runs_nothing() {
    let world = world();
    let pull_request = ["ci", "--event", "pull-request", "--base", "main", "--fork"];
    insta::assert_snapshot!(world.kstack(&pull_request), @"
    --- stdout ---
    <!-- kstack:review -->
    ### kstack · `[SHORT]..[SHORT]`

    **no changes to objects**

    #### Notices

    - This pull request comes from another repository: nothing of it was run, so there is no plan. A maintainer can push the branch to this repository to have it planned.
    --- exit code 0 ---
    ");
    assert!(!world.work().join(".kstack").exists());
}

#[test]
fn what_is_left_to_do_on_a_forge_is_said() {
    let world = world();
    let pull_request = ["ci", "--event", "pull-request", "--base", "main", "--fork"];
    let mut told = Vec::new();
    for (forge, comment) in [("github", "-"), ("gitlab", "../comment.md"), ("gitea", "../comment.md")] {
        world.write("kstack.hcl", &format!("{PLATFORM}\nforge \"{forge}\" {{}}\n"));
        commit(&world, forge);
        let ran = world.kstack(&[&pull_request[..], &["--comment", comment]].concat()).done();
        assert_eq!(ran.stdout.is_empty(), comment != "-", "{ran}");
        told.push(ran.stderr);
    }
    insta::assert_snapshot!(told.concat(), @"
    the comment is written to standard output: this version of kstack does not post it to GitHub, and sets no statuses there beside that of the job
    the comment is written to `../comment.md`: this version of kstack does not post it to GitLab, and sets no statuses there beside that of the job
    the comment is written to `../comment.md`: this version of kstack does not post it to Gitea, and sets no statuses there beside that of the job
    ");
}

#[test]
fn what_was_not_delivered_or_merged_is_not_promoted() {
    let world = world();
    let tag = ["ci", "--event", "tag", "--tag", "apps-deploy-1"];
    insta::assert_snapshot!(world.kstack(&tag), @"
    --- stderr ---
    error: commit `[SHORT]` is not on branch `main`

    hint: only what was merged is promoted: tag a commit of that branch
    --- exit code 1 ---
    ");
    git(&world, &["switch", "--quiet", "main"]);
    insta::assert_snapshot!(world.kstack(&tag), @"
    --- stderr ---
    error: commit `[SHORT]` was never delivered to `ops`

    hint: deliver it there first: `kstack apply --environment ops --commit [SHORT]`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["ci", "--event", "tag", "--tag", "v1"]), @"
    --- stderr ---
    no environment is delivered by tag `v1`
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(world.kstack(&["ci", "--event", "push", "--branch", "bigger"]), @"
    --- stderr ---
    no environment is delivered by branch `bigger`
    --- exit code 0 ---
    ");
}

#[test]
fn no_event_is_guessed() {
    let mut world = world();
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: no CI event is known from the environment

    hint: outside of a CI system, name it: `kstack ci --event pull-request --base main`
    --- exit code 64 ---
    ");
    world.set("GITLAB_CI", "true");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: the events of GitLab are not read from its variables

    hint: name it: `kstack ci --event pull-request --base $CI_MERGE_REQUEST_DIFF_BASE_SHA`, `--event push --branch $CI_COMMIT_BRANCH` or `--event tag --tag $CI_COMMIT_TAG`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(world.kstack(&["ci", "--event", "push"]), @"
    --- stderr ---
    error: the following required arguments were not provided:
      --branch <NAME>

    Usage: kstack ci --event <EVENT> --branch <NAME>

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    world.set("GITHUB_EVENT_NAME", "workflow_dispatch");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: kstack does nothing for event `workflow_dispatch`

    hint: start the job on `pull_request`, and on `push` of branches and tags
    --- exit code 64 ---
    ");
    world.set("GITHUB_EVENT_NAME", "push");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: event `push` needs `GITHUB_SHA`, which is not set
    --- exit code 64 ---
    ");
}

#[test]
fn broken_files_stop_a_pull_request_before_anything_runs() {
    let world = world();
    world.write("infra/pool/stack.hcl", "protct = [\"terraform_data.pool\"]\n");
    commit(&world, "Protect");
    insta::assert_snapshot!(world.kstack(&["ci", "--event", "pull-request", "--base", "main"]), @r#"
    --- stderr ---
    error: the platform has a problem

    error: the file takes no attribute `protct`
     --> infra/pool/stack.hcl:1:1
      |
    1 | protct = ["terraform_data.pool"]
      | ^^^^^^
      |
    help: did you mean `protect`?
    --- exit code 1 ---
    "#);
}
