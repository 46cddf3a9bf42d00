//! The AWS modules for real: Terraform and the AWS provider apply what `kstack init` writes against moto, with plain
//! `terraform` as someone without kstack would. It proves that the modules apply, converge and leave nothing behind;
//! it does not prove what AWS would say to them: moto checks no right, no quota and no version, and starts no machine.

use serde_json::Value;

use super::applied::{self, Stack};
use crate::support::{cli::World, moto::Moto};

const BUCKET: &str = "acme-state";
const STATE: &str = "ops/eks-gc0-eu-west-1.tfstate";

/// What the generated stack says for `ops`: the place of the settings that a test adds.
const OPS: &str = "      network = { nat = \"one\" }\n";

/// Everything that can be switched on beside the defaults.
const EVERYTHING: &str = r#"
      network = {
        nat             = "one"
        secondary_cidrs = ["100.64.0.0/16"]
        endpoints       = ["ecr.api", "ecr.dkr", "sts"]
        flow_logs       = { enabled = true }
      }

      access = {
        operators = { principal_arn = "arn:aws:iam::123456789012:role/operators" }
        team      = { principal_arn = "arn:aws:iam::123456789012:role/team", policy = "view", namespaces = ["team"] }
      }

      addons           = { metrics-server = {} }
      fargate          = { batch = { namespaces = ["batch"], labels = { run = "fargate" } } }
      identity         = { node_policies = { ssm = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" } }
      service_accounts = { backup = { namespace = "shop", policies = { read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } } }
      dns              = { parent_zone_id = "PARENT" }
      tags             = { cost-centre = "platform" }
"#;

/// A second pool, unlike the first in everything that a pool can be.
const POOL: &str = r##"
module "node_pool_batch" {
  source = "../../modules/aws/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name           = "batch"
      instance_types = ["m7i.large", "m6i.large"]
      min_size       = 0
      max_size       = 20
      spot           = true
      subnet_cidrs   = ["100.64.0.0/18", "100.64.64.0/18"]
      setup_script   = "#!/bin/sh\nsysctl -w vm.max_map_count=262144"
      disk           = { size_gib = 80, instance_store = "RAID0" }
      kubelet        = { max_pods = 64, other = jsonencode({ imageGCHighThresholdPercent = 70 }) }
      taints         = { batch = { key = "dedicated", value = "batch" } }
      update         = { max_unavailable = 2 }
      extra          = { detailed_monitoring = true, node_repair = true }
    }

    ops = {}
  }
}

output "batch" {
  value = module.node_pool_batch.node_pool
}
"##;

/// What changes in a running platform, from and to.
const CHANGES: [(&str, &str); 7] = [
    ("flow_logs       = { enabled = true }", "flow_logs       = { enabled = true, retention_days = 60 }"),
    ("policy = \"view\"", "policy = \"edit\""),
    ("metrics-server = {}", "coredns = { configuration_values = jsonencode({ replicaCount = 3 }) }"),
    ("cost-centre = \"platform\"", "cost-centre = \"research\""),
    ("fargate          = ", "endpoint           = { public_cidrs = [\"203.0.113.0/24\"] }\n      fargate          = "),
    ("tags             = ", "control_plane_logs = { types = [\"audit\"] }\n      tags             = "),
    ("dns              = ", "deletion_protection = true\n      kubernetes_version = \"1.37\"\n      dns = "),
];

/// The platform as `kstack init` writes it, in a world with an empty account.
fn generated(moto: &Moto, world: World) -> Stack {
    moto.make_bucket(BUCKET);
    world.write("../engine.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n");
    let fixed = ["init", "--name=acme", "--cluster=aws:gc0:eu-west-1:a,b", "--state=s3://acme-state"];
    let more = [
        "--base-domain=p.example.com",
        "--repository=https://git.example.com/acme/platform",
        "--engine-manifests=../engine.yaml",
    ];
    let _ = world.kstack(&[&fixed[..], &more].concat()).done();
    let stack = Stack::new(world, "infra/eks-gc0-eu-west-1", &["-var-file=../../environments/ops.tfvars"]);
    let key = format!("-backend-config=key={STATE}");
    stack.terraform(&["init", "-backend-config=../../environments/ops.tfbackend", &key]);
    stack
}

/// A world with moto, or a line that says why there is none.
fn world() -> Option<(World, Moto)> {
    let mut world = Stack::world(&[("hashicorp/aws", ">= 5.100.0, < 7.0.0")])?;
    let moto = Moto::start(world.root());
    for (name, value) in moto.variables() {
        world.set(name, value);
    }
    Some((world, moto))
}

fn kinds(left: &[String]) -> Vec<&str> {
    let mut kinds: Vec<_> = left.iter().filter_map(|line| line.split(' ').next()).collect();
    kinds.dedup();
    kinds
}

#[test]
fn the_generated_platform_applies_changes_in_place_and_leaves_nothing_behind() {
    let Some((world, moto)) = world() else { return };
    let stack = generated(&moto, world);
    let parent = moto.make_zone("aws.p.example.com");
    let before = moto.left();

    stack.apply();
    let cluster = stack.output("cluster");
    assert_eq!(
        cluster["auth"],
        serde_json::json!({ "type": "aws", "cluster_name": "gc0-ops-eu-west-1", "region": "eu-west-1" })
    );
    assert!(cluster["endpoint"].as_str().unwrap().starts_with("https://"), "{cluster}");
    stack.must_be_converged();

    // Everything else is added to the running platform, without taking anything away.
    stack.edit("main.tf", &[(OPS, &EVERYTHING.trim_start_matches('\n').replace("PARENT", &parent))]);
    stack.write("node_pool_batch.tf", POOL);
    stack.terraform(&["init"]); // a module was added
    stack.change(&[]);
    assert_eq!(stack.output("batch")["ami_type"], "AL2023_x86_64_STANDARD");
    assert_eq!(
        kinds(&moto.left()),
        [
            "Addresses",
            "Aliases",
            "Buckets",
            "Clusters",
            "FlowLogs",
            "HostedZones",
            "InternetGateways",
            "Keys",
            "LaunchTemplates",
            "LogGroups",
            "NatGateways",
            "NetworkInterfaces",
            "OpenIDConnectProviders",
            "Roles",
            "RouteTables",
            "SecurityGroups",
            "Subnets",
            "VpcEndpoints",
            "Vpcs",
            "fargateProfileNames",
            "nodegroups",
        ],
        "moto tells what there is"
    );

    // What changes most often in a platform that runs is changed in place. The provider replaces the policy of an access
    // entry, which holds nothing.
    stack.edit("main.tf", &CHANGES);
    stack.edit(
        "node_pool_batch.tf",
        &[("max_size       = 20", "max_size       = 30"), ("size_gib = 80", "size_gib = 100")],
    );
    stack.edit("node_pool_batch.tf", &[("ops = {}", "ops = { deletion_protection = true }")]);
    stack.edit("node_pool_default.tf", &[("max_size = 3\n", "max_size = 3\n      deletion_protection = true\n")]);
    stack.change(&["aws_eks_access_policy_association", "aws_eks_addon"]);

    // The guards go first, and keep everything.
    let managed = || {
        let state = stack.terraform(&["state", "list"]);
        state.lines().filter(|address| !address.contains(".data.")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (managed_before, left_before) = (managed(), moto.left());
    let refused = stack.terraform_fails(&["destroy", "-auto-approve"]);
    for name in ["gc0-ops-eu-west-1", "gc0-ops-eu-west-1-default", "gc0-ops-eu-west-1-batch"] {
        assert!(refused.contains(&format!("{name} has deletion_protection: apply it as false first")), "{refused}");
    }
    assert_eq!(managed(), managed_before);
    assert_eq!(moto.left(), left_before);

    for file in ["main.tf", "node_pool_default.tf", "node_pool_batch.tf"] {
        stack.edit(file, &[("deletion_protection = true", "deletion_protection = false")]);
    }
    stack.apply();
    stack.terraform(&["destroy", "-auto-approve"]);
    assert_eq!(moto.left(), before, "a destroy leaves what was there before");
    assert_eq!(moto.keys(BUCKET, ""), [STATE], "the lock is given back");
}

/// A network, a zone and a key of others, made in the same run: nothing of them is known when the first plan is made.
const EXISTING: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
}

resource "aws_kms_key" "this" {
  enable_key_rotation = true
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = "apps"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      secrets_encryption = { key_arn = aws_kms_key.this.arn }
      dns                = { zone_id = "ZONE" }
      fargate            = { system = { namespaces = ["kube-system"] } }

      network = {
        existing = { vpc_id = aws_vpc.this.id, node_subnet_ids = aws_subnet.this[*].id }
      }
    }
  }
}

module "node_pool" {
  source = "../../modules/aws/cluster/node-pool"

  environment = "apps"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = { name = "default", instance_types = ["m7g.large"], ami_id = "ami-0123456789abcdef0", min_size = 1, max_size = 3 }
  }
}

output "network" {
  value = module.cluster.network
}

output "dns" {
  value = module.cluster.dns
}
"#;

#[test]
fn a_network_a_zone_and_a_key_of_others_are_used_and_left_alone() {
    let Some((world, moto)) = world() else { return };
    let zone = moto.make_zone("existing.example.com");
    applied::copy_modules(&world);
    let stack = Stack::new(world, "infra/eks", &[]);
    stack.write("main.tf", &EXISTING.replace("ZONE", &zone));
    stack.terraform(&["init"]);
    let before = moto.left();

    stack.apply();
    stack.must_be_converged();
    assert_eq!(stack.output("dns")["zone_name"], "existing.example.com");
    let network: Value = stack.output("network");
    assert_eq!(network["node_subnet_ids"].as_object().unwrap().len(), 2, "{network}");
    let left = moto.left();
    let of_the_network = ["NatGateways", "InternetGateways", "Addresses", "VpcEndpoints", "FlowLogs"];
    assert!(!left.iter().any(|line| of_the_network.iter().any(|kind| line.starts_with(kind))), "{left:#?}");

    stack.terraform(&["destroy", "-auto-approve"]);
    assert_eq!(moto.left(), before);
}
