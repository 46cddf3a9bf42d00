//! `kstack plan`: what it shows and keeps, and every refusal.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use crate::support::{cli::World, repository::Repository};

const DATA: &str = "resource \"terraform_data\" \"greeting\" {\n  input = \"hello\"\n}\n";

/// A repository with a stack in its second commit.
fn with_stack() -> Repository {
    let repository = Repository::new();
    repository.stack("net", DATA);
    repository.commit("Add a network");
    repository
}

/// A repository whose state is in a bucket that nothing answers for.
fn with_bucket() -> Repository {
    let mut repository = with_stack();
    let text = repository.world.read("kstack.hcl");
    repository.write(
        "kstack.hcl",
        &text.replace("state \"local\" {}", "state \"s3\" {\n  bucket = \"acme-state\"\n  region = \"eu-west-1\"\n}"),
    );
    repository.commit("Move the state to a bucket");
    // Bound and dropped: a port that refuses.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    repository.world.set("AWS_ENDPOINT_URL", format!("http://{address}"));
    repository.world.set("AWS_EC2_METADATA_DISABLED", "true");
    repository.world.filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]");
    repository
}

#[test]
fn a_change_is_shown_and_its_plan_kept() {
    let repository = with_stack();
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       –        –        –        –

    Everything else
      + terraform_data.greeting created  net (ops)
        + input = "hello"
          (2 attributes known after apply)

    1 to create
    --- stderr ---
    planned net (ops): 1 to add, 0 to change, 0 to destroy ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    let bundle = repository.bundle();
    assert!(bundle.starts_with(repository.pipeline().join("plans/ops/net")), "{}", bundle.display());
    // The bundle has the only copy: a plan may carry secrets.
    let work: Vec<_> = crate::support::cli::files_below(&repository.world.root().join("home/.cache/kstack/work"));
    assert!(!work.iter().any(|file| file.contains("plan-")), "{work:?}");

    insta::assert_snapshot!(repository.kstack(&["plan", "--quiet", "--detailed-exitcode", "--dry-run", "HEAD~1.."]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       –        –        –        –

    Everything else
      + terraform_data.greeting created  net (ops)
        + input = "hello"
          (2 attributes known after apply)

    1 to create
    --- exit code 2 ---
    "#);
    repository.bundle();

    repository.write("notes.md", "nothing that a plan reads\n");
    repository.commit("Take notes");
    insta::assert_snapshot!(repository.kstack(&["plan", "--detailed-exitcode"]), @r"
    --- stdout ---
    no stack is affected
    --- exit code 0 ---
    ");
}

#[test]
fn each_line_of_json_is_a_document() {
    let repository = with_stack();
    let documents = repository.kstack(&["plan", "--format", "json"]).done().json();
    let kinds: Vec<_> = documents.iter().map(|document| document["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "event").count(), kinds.len() - 1, "{kinds:?}");
    let review = documents.last().unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(review).unwrap(), @r#"
    {
      "type": "review",
      "version": 1,
      "environments": [
        {
          "name": "ops",
          "instances": 1,
          "failed": 0,
          "pending": 0,
          "resources": {
            "create": 1,
            "change": 0,
            "replace": 0,
            "destroy": 0,
            "state_only": 0
          },
          "objects": {
            "added": 0,
            "changed": 0,
            "removed": 0
          }
        }
      ],
      "instances": [
        {
          "instance": {
            "stack": "net",
            "environment": "ops"
          },
          "state": "planned",
          "resources": {
            "create": 1,
            "change": 0,
            "replace": 0,
            "destroy": 0,
            "state_only": 0
          }
        }
      ],
      "failures": [],
      "resources": [
        {
          "risk": "other",
          "protected": false,
          "address": "terraform_data.greeting",
          "type": "terraform_data",
          "action": "create",
          "attributes": [
            {
              "path": "id",
              "before": "absent",
              "after": "unknown"
            },
            {
              "path": "input",
              "before": "absent",
              "after": {
                "value": "hello"
              }
            },
            {
              "path": "output",
              "before": "absent",
              "after": "unknown"
            }
          ],
          "instances": [
            {
              "stack": "net",
              "environment": "ops"
            }
          ]
        }
      ],
      "objects": [],
      "engines": [],
      "outputs": [],
      "checks": [],
      "drift": [],
      "reasons": [],
      "notices": []
    }
    "#);
}

#[test]
fn the_work_tree_is_planned_but_not_kept() {
    let repository = with_stack();
    repository.deliver();
    let kept = crate::support::cli::files_below(&repository.pipeline().join("plans"));
    repository.stack("net", &DATA.replace("hello", "good morning"));
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: `infra/net/main.tf` is not committed

    hint: commit or stash it: what is planned and applied is a commit
    hint: or use `kstack plan --worktree` to see a plan that is not kept
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan", "--worktree"]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       1        –        –        –

    Everything else
      ~ terraform_data.greeting changed  net (ops)
          input = "hello" → "good morning"
          output = "hello" → (known after apply)

    Why
      net (ops): `infra/net/main.tf` modified, read through the stack's folder

    1 to change
    --- stderr ---
    planned net (ops): 0 to add, 1 to change, 0 to destroy ([TIME])
    --- exit code 0 ---
    "#);
    assert_eq!(crate::support::cli::files_below(&repository.pipeline().join("plans")), kept);
}

#[test]
fn there_is_no_repository() {
    insta::assert_snapshot!(World::new().kstack(&["plan"]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not inside a Git repository

    hint: run it inside your platform's repository, or name it with `-C DIR`
    --- exit code 1 ---
    ");
    let mut world = World::new();
    world.install("git");
    world.install("terraform");
    world.must("", "git", &["init", "--quiet"]);
    insta::assert_snapshot!(world.kstack(&["plan"]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not a kstack repository: it has no `kstack.hcl` at its root

    hint: `kstack init` makes one
    --- exit code 1 ---
    ");
    world.write("README.md", "# Something else\n");
    world.must("", "git", &["add", "--all"]);
    world.must("", "git", &["commit", "--quiet", "--message", "Start"]);
    insta::assert_snapshot!(world.kstack(&["plan"]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not a kstack repository: it has no `kstack.hcl` at its root

    hint: `kstack init` makes one
    --- exit code 1 ---
    ");
}

#[test]
fn something_is_not_committed() {
    let repository = with_stack();
    repository.write("infra/net/more.tf", "");
    repository.write("environments/ops.tfvars", "");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: `environments/ops.tfvars` and 1 more are not committed

    hint: commit or stash it: what is planned and applied is a commit
    hint: or use `kstack plan --worktree` to see a plan that is not kept
    --- exit code 1 ---
    ");
}

#[test]
fn names_that_mean_nothing() {
    let repository = with_stack();
    insta::assert_snapshot!(repository.kstack(&["plan", "--environment", "opps"]), @r"
    --- stderr ---
    error: there is no environment `opps`

    hint: `kstack.hcl` has: `ops`, `apps`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan", "--stack", "nett"]), @r"
    --- stderr ---
    error: there is no stack `nett`

    hint: did you mean `net`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan", "--stack", "something-else"]), @r"
    --- stderr ---
    error: there is no stack `something-else`

    hint: `kstack list` shows them all
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan", "--environment", "Ops!"]), @r"
    --- stderr ---
    error: invalid value 'Ops!' for '--environment <NAME>': `Ops!` is not a valid environment name: only lower-case letters, digits and `-` are allowed

    For more information, try '--help'.
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(repository.kstack(&["plan", "maiin.."]), @r"
    --- stderr ---
    error: unknown revision `maiin`

    hint: did you mean `main`?
    --- exit code 1 ---
    ");
}

#[test]
fn there_is_no_usable_terraform() {
    let mut repository = with_stack();
    fs::remove_file(repository.world.root().join("bin/terraform")).unwrap();
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: cannot find `terraform` or `tofu`

    hint: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install/)
    hint: name the program with `KSTACK_TERRAFORM`, or put `terraform` or `tofu` on `PATH`
    --- exit code 1 ---
    ");
    repository.world.set("KSTACK_TERRAFORM", "/nowhere/terraform");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: cannot find `/nowhere/terraform`

    hint: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install/)
    hint: name the program with `KSTACK_TERRAFORM`, or put `terraform` or `tofu` on `PATH`
    --- exit code 1 ---
    ");
    // A fake: the real one of that age is not at hand.
    let old = repository.world.root().join("bin/old");
    fs::write(&old, "#!/bin/sh\necho 'Terraform v1.5.7'\n").unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
    repository.world.set("KSTACK_TERRAFORM", &old);
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: Terraform 1.5.7 (`[WORLD]/bin/old`) is too old: at least 1.10.0 is needed

    hint: state in S3 is locked without DynamoDB, which came with 1.10.0
    hint: name the program with `KSTACK_TERRAFORM`, or put `terraform` or `tofu` on `PATH`
    --- exit code 1 ---
    ");
}

#[test]
fn the_plan_store_is_no_place() {
    let repository = with_stack();
    let text = repository.world.read("kstack.hcl");
    let store = "parallelism = 1\n  plan_store  = \"ftp://plans\"";
    repository.write("kstack.hcl", &text.replace("parallelism = 1", store));
    repository.commit("Keep the plans elsewhere");
    insta::assert_snapshot!(repository.kstack(&["plan", "--all"]), @r#"
    --- stderr ---
    error: `kstack.hcl` has a problem

    error: `ftp://plans` is not a place for plans: write `s3://<bucket>/<prefix>`, `gs://<bucket>/<prefix>`, `az://<account>/<container>/<prefix>` or a folder
      --> kstack.hcl:30:17
       |
    30 |   plan_store  = "ftp://plans"
       |                 ^^^^^^^^^^^^^
    --- exit code 1 ---
    "#);
}

#[test]
fn there_are_no_credentials() {
    let mut repository = with_bucket();
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stderr ---
    error: no AWS credentials for `s3://acme-state/kstack/plans`

    hint: put them into the environment: `eval "$(aws configure export-credentials --format env)"`
    --- exit code 1 ---
    "#);
    repository.world.set("AWS_PROFILE", "acme");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stderr ---
    error: no AWS credentials for `s3://acme-state/kstack/plans`

    hint: put them into the environment: `eval "$(aws configure export-credentials --profile acme --format env)"`
    --- exit code 1 ---
    "#);
}

#[test]
fn the_bucket_cannot_be_reached() {
    let mut repository = with_bucket();
    repository.world.set("AWS_ACCESS_KEY_ID", "test");
    repository.world.set("AWS_SECRET_ACCESS_KEY", "test");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: cannot use the store `s3://acme-state/kstack/plans`
      caused by: tcp connect error: Connection refused (os error 111)

    hint: check that the bucket exists, the region, and what the credentials in the environment may do
    --- exit code 1 ---
    ");
}

#[test]
fn the_platform_is_broken() {
    let repository = with_stack();
    let text = repository.world.read("kstack.hcl");
    repository.write("kstack.hcl", &text.replace("trigger = ", "triger = "));
    repository.commit("Break it");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stderr ---
    error: `kstack.hcl` has a problem

    error: block `environment` takes no attribute `triger`
      --> kstack.hcl:12:3
       |
    12 |   triger = "branch:main"
       |   ^^^^^^
       |
    help: did you mean `trigger`?
    --- exit code 1 ---
    "#);
}

#[test]
fn stacks_wait_for_each_other() {
    let repository = with_stack();
    repository.stack("db", DATA);
    repository.write("infra/db/stack.hcl", "after = [\"net\"]\n");
    repository.write("infra/net/stack.hcl", "after = [\"db\"]\n");
    repository.commit("Tie a knot");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stderr ---
    error: `infra/db/stack.hcl` has a problem

    error: stacks wait for each other: `db` after `net` after `db`
     --> infra/db/stack.hcl:1:10
      |
    1 | after = ["net"]
      |          ^^^^^
      |
    help: break the cycle in `infra/net/stack.hcl` or `infra/db/stack.hcl`
    --- exit code 1 ---
    "#);
    repository.write("infra/net/stack.hcl", "after = [\"dbs\"]\n");
    repository.commit("Wait for nobody");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stderr ---
    error: `infra/net/stack.hcl` has a problem

    error: there is no stack `dbs`
     --> infra/net/stack.hcl:1:10
      |
    1 | after = ["dbs"]
      |          ^^^^^
      |
    help: did you mean `db`?
    --- exit code 1 ---
    "#);
}

#[test]
fn a_stack_that_cannot_be_planned_says_why_and_others_go_on() {
    let repository = with_stack();
    repository.stack("db", "resource \"terraform_data\" \"db\" {\n  input = var.nowhere\n}\n");
    repository.stack("dns", DATA);
    repository.commit("Add two stacks");
    insta::assert_snapshot!(repository.kstack(&["plan", "--quiet"]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  2       1       –        –        –        –

    Failed
      ! db (ops) failed
          `terraform plan` failed: infra/db/main.tf:10: Reference to undeclared input variable
          An input variable with the name "nowhere" has not been declared. This variable can be declared with a variable "nowhere" {} block.

    Everything else
      + terraform_data.greeting created  dns (ops)
        + input = "hello"
          (2 attributes known after apply)

    1 to create; 1 failed
    --- exit code 1 ---
    "#);
}

#[test]
fn a_provider_that_is_not_allowed_is_neither_downloaded_nor_started() {
    let repository = with_stack();
    let text = repository.world.read("kstack.hcl");
    repository.write("kstack.hcl", &format!("{text}\npolicy {{\n  providers = [\"hashicorp/aws\"]\n}}\n"));
    repository.write(
        "infra/net/.terraform.lock.hcl",
        "provider \"registry.terraform.io/evil/aws\" {\n  version = \"1.0.0\"\n}\n",
    );
    repository.commit("Use another provider");
    insta::assert_snapshot!(repository.kstack(&["plan", "--all"]), @"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        –        –

    Failed
      ! net (ops) failed
          net (ops) uses provider `evil/aws`, which the platform does not allow

    no changes to infrastructure; 1 failed
    --- stderr ---
    failed net (ops): net (ops) uses provider `evil/aws`, which the platform does not allow ([TIME])
    --- exit code 1 ---
    ");
}

/// What needs more rights than a pipeline has is passed over, aloud, by plans and applies that do not name it.
#[test]
fn stacks_for_people_are_planned_and_applied_by_name() {
    let repository = Repository::new();
    repository.stack("settings", DATA);
    repository.write("infra/settings/stack.hcl", "shared = true\nmanual = true\n");
    // A shared stack is of no environment, so the one variable of the stack gets its value here.
    repository.write("environments/shared.tfvars", "environment = \"all\"\n");
    repository.commit("Manage the settings");
    let passed = repository.kstack(&["plan", "--markdown", "-"]).done();
    assert!(passed.stdout.contains("kstack plan --stack settings"), "{passed}");
    assert!(!passed.stderr.contains("planned settings"), "{passed}");
    let applied = repository.kstack(&["apply", "--no-handoff"]).done();
    assert!(applied.stderr.contains("is up to date"), "{applied}");

    let planned = repository.kstack(&["plan", "--stack", "settings"]).done();
    assert!(planned.stderr.contains("planned settings (shared): 1 to add"), "{planned}");
    let applied = repository.kstack(&["apply", "--no-handoff", "--stack", "settings"]).done();
    assert!(applied.stderr.contains("applied settings (shared): 1 added"), "{applied}");
}

#[test]
fn there_is_nothing_to_bootstrap_where_state_lies_on_this_machine() {
    insta::assert_snapshot!(with_stack().kstack(&["bootstrap"]), @r"
    --- stderr ---
    there is nothing to bootstrap: state lies on this machine
    --- exit code 0 ---
    ");
    let refused = with_bucket().kstack(&["bootstrap", "--dry-run"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("`infra/bootstrap` does not exist"), "{refused}");
}
