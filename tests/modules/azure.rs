//! The Azure modules applied by the real provider, against a stand-in for Azure: `tests/azure/server.py`. It proves that the
//! modules apply, that a second plan is empty, that changes are made in place and converge, and that nothing is left after
//! a destroy. It proves nothing about how Azure behaves, and what Azure would refuse.

use serde_json::{Value, json};

use super::applied::{self, Stack};
use crate::support::azure::{SUBSCRIPTION, StandIn};

const PLATFORM: &str = r#"
module "cluster" {
  source = "../../modules/azure/cluster"

  environment = "ops"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      kubernetes_version = "1.33"
      network            = { cidr = "10.16.0.0/16" }
      access             = { team = { principal_id = "11111111-2222-3333-4444-555555555555", policy = "view", namespaces = ["team"] } }
      disk_encryption    = { own_key = true }
      control_plane_logs = { containers = true }
      ingress            = { public_ip = true }
      identity           = { role_propagation_duration = "0s" }
    }

    ops = merge({ tags = { cost-centre = "platform" } }, local.change)
  }
}

module "node_pool_default" {
  source = "../../modules/azure/cluster/node-pool"

  environment = "ops"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name        = "default"
      vm_size     = "Standard_D4ps_v5"
      min_size    = 3
      max_size    = 9
      spot        = true
      subnet_cidr = "10.16.32.0/20"
      kubelet     = { pod_max_pid = 4096 }
      linux       = { sysctl = { vm_max_map_count = 262144 } }
      taints      = { batch = { key = "dedicated", value = "batch" } }
    }

    ops = merge({ min_size = 1, max_size = 3 }, local.pool_change)
  }
}

output "cluster" {
  value = module.cluster.cluster
}

output "identity" {
  value = module.cluster.identity
}
"#;

/// The container of states, and who the pipeline is.
const PIPELINE: &str = r#"
module "state" {
  source = "../../modules/azure/state"

  resource_group_name       = "acme-state"
  location                  = "westeurope"
  storage_account_name      = "acmestate"
  role_propagation_duration = "0s"
  tags                      = { team = "platform" }
}

module "ci" {
  source = "../../modules/azure/ci-identity"

  name                = "acme"
  resource_group_name = module.state.backend.resource_group_name
  location            = "westeurope"
  forge               = "github"
  repository          = "acme/platform"
  deploy_tags         = ["apps-deploy-*"]
  apply_environment   = "kstack"
  state               = module.state.id
}

output "backend" {
  value = module.state.backend
}

output "plan" {
  value = module.ci.plan
}
"#;

/// A stack beside the modules, as in a generated repository, in an empty subscription. Says so where the providers cannot
/// be had.
fn stack(main: &str) -> Option<(Stack, StandIn)> {
    let mut world =
        Stack::world(&[("hashicorp/azurerm", ">= 5.0.0, < 6.0.0"), ("hashicorp/time", ">= 0.9.0, < 1.0.0")])?;
    let azure = StandIn::start(world.root());
    for (name, value) in azure.variables() {
        world.set(name, value);
    }
    applied::copy_modules(&world);
    let stack = Stack::new(world, "infra/stack", &["-input=false"]);
    let provider = format!("provider \"azurerm\" {{\n  subscription_id = \"{SUBSCRIPTION}\"\n\n  features {{}}\n}}\n");
    stack.write("main.tf", &format!("{provider}{main}"));
    change(&stack, &json!({}), &json!({}));
    stack.terraform(&["init"]);
    Some((stack, azure))
}

/// Writes what the environment says beyond the base, for cluster and pool.
fn change(stack: &Stack, cluster: &Value, pool: &Value) {
    stack.write("change.tf", &format!("locals {{\n  change      = {cluster}\n  pool_change = {pool}\n}}\n"));
}

fn destroy(stack: &Stack, azure: &StandIn) {
    stack.terraform(&["destroy", "-auto-approve"]);
    assert_eq!(azure.objects(), Vec::<String>::new(), "the destroy left something behind");
}

/// About five minutes, of which nearly all is the provider's own wait for the vault and for role assignments.
#[test]
fn a_cluster_and_a_pool_apply_converge_and_leave_nothing_on_a_stand_in_for_azure() {
    let Some((stack, azure)) = stack(PLATFORM) else { return };
    stack.apply();
    stack.must_be_converged();
    let cluster = stack.output("cluster");
    assert_eq!(cluster["auth"]["type"], "azure");
    assert_eq!(cluster["auth"]["resource_group"], "gc0-ops-westeurope");
    assert_eq!(cluster["endpoint"], "https://gc0-ops-westeurope-0000.hcp.westeurope.azmk8s.io:443");
    let identity = stack.output("identity");
    assert_eq!(identity["service_client_ids"].as_object().unwrap().len(), 2, "{identity}");

    // The settings of a running platform that change most often.
    let mut settings = json!({
        "kubernetes_version": "1.34",
        "endpoint": {"public_cidrs": ["203.0.113.0/24"]},
        "control_plane_logs": {"types": ["kube-audit-admin"], "retention_days": 60},
        "access": {"team": {"policy": "edit"}, "operators": {"principal_id": "22222222-2222-3333-4444-555555555555"}},
        "system_pool": {"max_size": 6},
        "upgrades": {"cluster_window": {"frequency": "RelativeMonthly", "week_index": "First", "duration": 8}},
        "autoscaler": {"expander": "least-waste"},
        "tags": {"cost-centre": "research"},
        "deletion_protection": true,
    });
    let pool = json!({"max_size": 5, "labels": {"team": "a"}});
    change(&stack, &settings, &pool);
    stack.change(&["azurerm_role_assignment"]); // another policy is another assignment

    let guard = "-target=module.cluster.terraform_data.deletion_guard";
    let refusal = stack.terraform_fails(&["destroy", "-auto-approve", guard]);
    assert!(refusal.contains("has deletion_protection"), "{refusal}");

    // A misspelt key is named with the nearest one, by plain Terraform.
    change(&stack, &json!({"system_pol": {"min_size": 1}}), &pool);
    let refusal = stack.terraform_fails(&["plan"]);
    assert!(refusal.contains("`system_pool`?"), "{refusal}");

    settings["deletion_protection"] = json!(false);
    change(&stack, &settings, &pool);
    stack.change(&[]);
    destroy(&stack, &azure);
}

#[test]
fn the_state_account_and_the_identities_of_the_pipeline_apply_and_leave_nothing_on_a_stand_in_for_azure() {
    let Some((stack, azure)) = stack(PIPELINE) else { return };
    stack.apply();
    stack.must_be_converged();
    let expected = json!({
        "resource_group_name": "acme-state",
        "storage_account_name": "acmestate",
        "container_name": "tfstate",
        "use_azuread_auth": true,
    });
    assert_eq!(stack.output("backend"), expected);
    assert_eq!(stack.output("plan")["subscription_id"], SUBSCRIPTION);
    destroy(&stack, &azure);
}
