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
    world_with("")
}

/// The same, with more in its `kstack.hcl`.
pub fn world_with(settings: &str) -> World {
    let mut world = World::new();
    for program in ["git", "terraform", "kubectl"] {
        world.install(program);
    }
    world.filter(r"[0-9a-f]{40}", "[COMMIT]");
    world.filter(r"\b[0-9a-f]{7}\b", "[SHORT]");
    world.filter(r"\(\d+\.\d s\)", "(TIME)");
    world.write("kstack.hcl", &format!("{PLATFORM}{settings}"));
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

pub fn git(world: &World, arguments: &[&str]) -> String {
    world.must("", "git", arguments)
}

pub fn commit(world: &World, message: &str) {
    git(world, &["add", "--all"]);
    git(world, &["commit", "--quiet", "--message", message]);
}

/// The commit of a branch; not by the git program, whose output is made the same everywhere.
pub fn tip(world: &World, branch: &str) -> String {
    world.read(&format!(".git/refs/heads/{branch}")).trim().to_owned()
}

#[test]
fn a_pull_request_gets_one_comment_a_merge_applies_it_and_a_tag_promotes_it() {
    let mut world = world();

    // The pull request, as GitHub's variables tell it.
    let event = serde_json::json!({"action": "opened", "pull_request": {
        "number": 7,
        "base": {"ref": "main", "sha": tip(&world, "main"), "repo": {"full_name": "acme/lab"}},
        "head": {"ref": "bigger", "sha": tip(&world, "bigger"), "repo": {"full_name": "acme/lab"}},
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

    - This pull request comes from another repository. Thank you! Its files were checked and its objects rendered, but nothing of it was run, so there is no plan. A maintainer who has read it can have it planned with the label `kstack/run`, or by pushing the branch to this repository.
    --- exit code 0 ---
    ");
    assert!(!world.work().join(".kstack").exists());
}

#[test]
fn where_flags_name_the_event_a_forge_is_left_alone_unless_asked_for() {
    let pull_request = ["ci", "--event", "pull-request", "--base", "main", "--fork"];
    for forge in ["github", "gitlab", "gitea"] {
        let world = world_with(&format!("\nforge \"{forge}\" {{}}\n"));
        let ran = world.kstack(&pull_request).done();
        assert!(ran.stdout.starts_with("<!-- kstack:review -->") && ran.stderr.is_empty(), "{ran}");
        let ran = world.kstack(&[&pull_request[..], &["--comment", "../comment.md"]].concat()).done();
        assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran}");
    }
    let world = world();
    insta::assert_snapshot!(world.kstack(&[&pull_request[..], &["--post"]].concat()), @"
    --- stderr ---
    error: `kstack.hcl` names no forge

    hint: add `forge \"github\" {}`, `\"gitlab\"` or `\"gitea\"`
    --- exit code 1 ---
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
    error: event `pipeline` needs `CI_PIPELINE_SOURCE`, which is not set

    hint: the CI system sets `CI_PIPELINE_SOURCE` in every job; a container or `env -i` may keep it from kstack
    --- exit code 1 ---
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

    hint: start the job for pull requests (merge requests), for pushes of branches and tags, and on a schedule
    --- exit code 64 ---
    ");
    world.set("GITHUB_EVENT_NAME", "push");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: event `push` needs `GITHUB_SHA`, which is not set

    hint: the CI system sets `GITHUB_SHA` in every job; a container or `env -i` may keep it from kstack
    --- exit code 1 ---
    ");
    world.set("GITHUB_EVENT_NAME", "pull_request");
    world.set("GITHUB_EVENT_PATH", "none.json");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: cannot read the event document `none.json`: No such file or directory (os error 2)

    hint: the CI system writes it for the job; a container needs it mounted at the same path
    --- exit code 1 ---
    ");
    world.write("none.json", "{");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: cannot read the event document `none.json`: EOF while parsing an object at line 1 column 1

    hint: the CI system writes it for the job; a container needs it mounted at the same path
    --- exit code 1 ---
    ");
    world.set("GITHUB_EVENT_NAME", "pull_request_target");
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stderr ---
    error: kstack does nothing for event `pull_request_target`: it gives a stranger's change the secrets of the repository

    hint: start the job on `pull_request`
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

#[test]
fn on_a_schedule_drift_is_found_and_nothing_is_changed() {
    let mut world = world();
    git(&world, &["switch", "--quiet", "main"]);
    git(&world, &["merge", "--quiet", "--no-ff", "--message", "Merge branch 'bigger'", "bigger"]);
    let pull_request = ["ci", "--event", "pull-request", "--base", "main^", "--comment", "../comment.md"];
    let _ = world.kstack(&pull_request).done();
    let _ = world.kstack(&["ci", "--event", "push", "--branch", "main"]).done();
    world.set("GITHUB_EVENT_NAME", "schedule");
    world.set("GITHUB_SHA", tip(&world, "main"));
    insta::assert_snapshot!(world.kstack(&["ci"]), @"
    --- stdout ---
    environment `ops` is as commit [SHORT] says
    --- stderr ---
    checked pool (ops): no changes (TIME)
    `apps` has not got all of commit [SHORT] yet: pool (apps)
    `apps` has had no delivery yet: there is nothing to look at
    --- exit code 0 ---
    ");

    // Somebody took the pool away by hand.
    let state = world.read(".kstack/state/ops/pool.tfstate");
    let mut emptied: serde_json::Value = serde_json::from_str(&state).unwrap();
    emptied["resources"] = serde_json::json!([]);
    world.write(".kstack/state/ops/pool.tfstate", &emptied.to_string());
    let before = world.files(".kstack");
    let ran = world.kstack(&["ci"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stdout.starts_with("environment `ops` is not as commit [SHORT] says\n"), "{ran}");
    assert!(ran.stdout.contains("+ terraform_data.pool created"), "{ran}");
    assert_eq!(world.files(".kstack"), before);
    assert_eq!(world.read(".kstack/state/ops/pool.tfstate"), emptied.to_string());
}
