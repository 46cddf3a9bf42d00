//! Planning in shards: real jobs, each with a clone and a cache of its own, and what CI systems are told about them.

mod argo;
mod matrix;
mod pages;
mod shards;

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

pipeline {
  plan_store = "PLANS"
}

engine "flux" {
  version = "2.7.3"
}
"#;

/// A stack of Terraform's own resource, so that no provider is needed; `size` is what the change changes.
fn stack(size: u32) -> String {
    format!(
        "variable \"environment\" {{\n  type = string\n}}\n\nresource \"terraform_data\" \"this\" {{\n  input = {{ \
         environment = var.environment, size = {size} }}\n}}\n\noutput \"size\" {{\n  value = \
         terraform_data.this.output.size\n}}\n"
    )
}

/// A platform with two environments and the `stacks`, on `main`; a branch `bigger` is checked out, without a change.
fn world(stacks: &[&str]) -> World {
    let mut world = World::new();
    for program in ["git", "terraform", "kubectl"] {
        world.install(program);
    }
    world.filter(r"[0-9a-f]{40}", "[COMMIT]");
    world.filter(r"\b[0-9a-f]{7}\b", "[SHORT]");
    let plans = world.root().join("plans");
    world.write("kstack.hcl", &PLATFORM.replace("PLANS", plans.to_str().unwrap()));
    world.write(".gitignore", "/.kstack/\n");
    for stack in stacks {
        world.write(&format!("infra/{stack}/main.tf"), &self::stack(1));
        world.write(&format!("infra/{stack}/backend.tf"), "terraform {\n  backend \"local\" {}\n}\n");
    }
    for environment in ["ops", "apps"] {
        world.write(&format!("environments/{environment}.tfvars"), &format!("environment = \"{environment}\"\n"));
        world.write(&format!("environments/{environment}.tfbackend"), "");
    }
    world.must("", "git", &["init", "--quiet", "--initial-branch", "main"]);
    commit(&world, "Begin");
    world.must("", "git", &["switch", "--quiet", "--create", "bigger"]);
    world
}

/// Makes the stacks larger on the branch.
fn grow(world: &World, stacks: &[&str]) {
    for stack in stacks {
        world.write(&format!("infra/{stack}/main.tf"), &self::stack(2));
    }
    commit(world, "Grow");
}

fn commit(world: &World, message: &str) {
    world.must("", "git", &["add", "--all"]);
    world.must("", "git", &["commit", "--quiet", "--message", message]);
}

/// The flags of a pull request from `bigger` into `main`.
const PULL_REQUEST: [&str; 3] = ["--event=pull-request", "--base=origin/main", "--head=origin/bigger"];
/// The same, where the branches themselves are at hand.
const LOCAL: [&str; 3] = ["--event=pull-request", "--base=main", "--head=bigger"];
