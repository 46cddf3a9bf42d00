//! The Google modules for real: Terraform and the google provider apply them against a stand-in for Google's REST calls,
//! with plain `terraform` as someone without kstack would. It proves that the modules apply, converge and leave nothing
//! behind; it does not prove what Google would say to them: the stand-in checks no right, no quota and no value.

use super::applied::{Stack, copy_modules};
use crate::support::{cli::World, google::Google};

const STACK: &str = r#"
provider "google" {
  project = "platform-ops"
  region  = "europe-west1"
}

module "cluster" {
  source = "../../modules/google/cluster"

  environment = "ops"

  configuration = {
    apps = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      zones       = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    }

    ops = {
      network = {
        nat = { static_addresses = 1 }
      }

      access = {
        team = { member = "group:team@example.com", policy = "view" }
      }
    }
  }
}

module "node_pool_default" {
  source = "../../modules/google/cluster/node-pool"

  environment = "ops"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 3
      max_size     = 9
    }

    ops = {
      min_size = 1
    }
  }
}

output "cluster" {
  value = module.cluster.cluster
}
"#;

/// Nearly everything that can be switched on beside the defaults.
const EVERYTHING: [(&str, &str); 3] = [
    (
        "        nat = { static_addresses = 1 }\n",
        r#"        nat        = { static_addresses = 2, log = "NONE" }
        router     = { asn = 64512, advertise_mode = "CUSTOM", advertised_ranges = { office = "10.9.0.0/16" } }
        flow_logs  = true
        pod_ranges = { batch = "10.0.64.0/20" }
        proxy_cidr = "10.0.60.0/24"
"#,
    ),
    (
        "        team = { member = \"group:team@example.com\", policy = \"view\" }\n      }\n",
        r#"        team      = { member = "group:team@example.com", policy = "edit" }
        operators = { member = "group:operators@example.com" }
      }

      release_channel     = "STABLE"
      access_groups       = "gke-security-groups@example.com"
      endpoint            = { public_cidrs = ["203.0.113.0/24"], private_cidrs = ["10.9.0.0/16"], dns = true }
      logging             = { components = ["SYSTEM_COMPONENTS"], variant = "MAX_THROUGHPUT" }
      monitoring          = { components = ["SYSTEM_COMPONENTS", "POD"], managed_prometheus = false, datapath_metrics = true }
      storage             = { filestore = true, gcs_fuse = true }
      ingress             = { gateway_channel = "CHANNEL_DISABLED" }
      security            = { posture = "DISABLED", secret_manager = true }
      maintenance         = { exclusions = { holidays = { start_time = "2026-12-20T00:00:00Z", end_time = "2027-01-03T00:00:00Z" } } }
      notifications_topic = "projects/platform-ops/topics/upgrades"
      cost_management     = false
      resource_labels     = { cost-centre = "research" }
      deletion_protection = true

      autoscaling = {
        profile           = "OPTIMIZE_UTILIZATION"
        vertical_pod      = true
        auto_provisioning = { enabled = true, limits = { cpu = { maximum = 64 }, memory = { maximum = 256 } } }
      }

      identity = {
        secrets  = true
        services = { queue = { namespace = "queue", service_account = "worker", roles = ["roles/pubsub.publisher"] } }
      }
"#,
    ),
    (
        "      min_size = 1\n",
        r#"      min_size        = 2
      machine_type    = "n2d-standard-8"
      disk            = { size_gib = 120 }
      labels          = { team = "a" }
      resource_labels = { team = "a" }
      taints          = { batch = { key = "dedicated", value = "batch" } }
      upgrade         = { max_surge = 2 }
      kubelet         = { pod_pids_limit = 4096 }
      linux           = { sysctls = { "net.core.somaxconn" = "4096" } }
"#,
    ),
];

/// A second pool, unlike the first.
const POOL: &str = r#"
module "node_pool_batch" {
  source = "../../modules/google/cluster/node-pool"

  environment = "ops"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name           = "batch"
      machine_type   = "g2-standard-8"
      min_size       = 0
      max_size       = 3
      sizes_per_zone = true
      spot           = true
      zones          = ["europe-west1-c"]
      accelerator    = { type = "nvidia-l4", count = 1, sharing = { max_clients = 4 } }
      local_ssd      = { ephemeral_count = 1 }
      network        = { pods_range = "batch", max_pods_per_node = 32 }
      upgrade        = { strategy = "BLUE_GREEN" }
      reservation    = { type = "NO_RESERVATION" }
    }

    ops = {}
  }
}
"#;

/// A world with a stand-in, or a line that says why there is none.
fn world() -> Option<(World, Google)> {
    let mut world = Stack::world(&[("hashicorp/google", ">= 7.0.0, < 9.0.0")])?;
    copy_modules(&world);
    let google = Google::start(world.root());
    for (name, value) in google.variables() {
        world.set(name, value);
    }
    Some((world, google))
}

#[test]
fn a_cluster_applies_changes_in_place_and_leaves_only_what_google_never_deletes_on_a_stand_in() {
    let Some((world, google)) = world() else { return };
    let stack = Stack::new(world, "infra/gke-gc0-europe-west1", &[]);
    stack.write("main.tf", STACK);
    stack.terraform(&["init"]);
    stack.apply();
    stack.must_be_converged();
    let cluster = stack.output("cluster");
    assert_eq!(cluster["endpoint"], "https://203.0.113.7");
    assert_eq!(
        cluster["auth"],
        serde_json::json!({ "type": "google", "project": "platform-ops", "location": "europe-west1", "cluster_name": "gc0-ops-europe-west1" })
    );

    // What a running platform is given later is changed in place; a grant with another role is another grant.
    stack.edit("main.tf", &EVERYTHING);
    stack.write("node_pool_batch.tf", POOL);
    stack.terraform(&["init"]); // a module was added
    stack.change(&["google_project_iam_member"]);
    let cluster = stack.output("cluster");
    assert!(cluster["endpoint"].as_str().unwrap().ends_with(".europe-west1.gke.goog"), "{cluster}");
    assert!(cluster["ca_certificate"].is_null(), "{cluster}");
    assert_eq!(
        google.left().kinds(),
        [
            "addresses",
            "clusters",
            "cryptoKeyVersions",
            "cryptoKeys",
            "keyRings",
            "managedZones",
            "networks",
            "nodePools",
            "routers",
            "serviceAccounts",
            "subnetworks",
        ]
    );

    let refused =
        stack.terraform_fails(&["destroy", "-auto-approve", "-target=module.cluster.google_container_cluster.this"]);
    assert!(refused.contains("Cannot destroy cluster because deletion_protection is set to true"), "{refused}");
    stack.edit("main.tf", &[("deletion_protection = true", "deletion_protection = false")]);
    stack.apply();
    stack.terraform(&["destroy", "-auto-approve"]);
    let left = google.left();
    assert_eq!(
        (left.kinds(), left.grants.len()),
        (vec!["cryptoKeyVersions", "cryptoKeys", "keyRings"], 0),
        "{left:#?}"
    );

    // The name of its key ring is taken for ever, and still the cluster can be made again.
    stack.apply();
}

/// A network of somebody else, made in the same run: nothing of it is known when the plan is made.
const EXISTING: &str = r#"
resource "google_compute_network" "shared" {
  name                    = "shared"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "shared" {
  name          = "shared"
  network       = google_compute_network.shared.id
  ip_cidr_range = "172.20.0.0/20"

  secondary_ip_range {
    range_name    = "gke-pods"
    ip_cidr_range = "172.24.0.0/14"
  }

  secondary_ip_range {
    range_name    = "gke-services"
    ip_cidr_range = "172.20.16.0/20"
  }
}
"#;

#[test]
fn a_cluster_stands_in_an_existing_network_and_leaves_it_alone_on_a_stand_in() {
    let Some((world, google)) = world() else { return };
    let stack = Stack::new(world, "infra/gke-gc0-europe-west1", &[]);
    stack.write("main.tf", STACK);
    stack.write("network.tf", EXISTING);
    let existing = "existing = { network = google_compute_network.shared.id, subnetwork = google_compute_subnetwork.shared.id, pods_range = \"gke-pods\", services_range = \"gke-services\" }";
    stack.edit("main.tf", &[("nat = { static_addresses = 1 }", existing)]);
    stack.terraform(&["init"]);
    stack.apply();
    stack.must_be_converged();
    let kinds = google.left();
    assert!(!kinds.kinds().contains(&"routers") && !kinds.kinds().contains(&"addresses"), "{kinds:#?}");
    stack.terraform(&["destroy", "-auto-approve"]);
    assert_eq!(google.left().grants, Vec::<String>::new());
}

const BOOTSTRAP: &str = r#"
provider "google" {
  project = "platform-ops"
  region  = "europe-west1"
}

module "state" {
  source = "../../modules/google/state"

  project       = "platform-ops"
  bucket        = "acme-kstack-state"
  location      = "europe-west1"
  force_destroy = true
  labels        = { team = "platform" }
}

module "ci" {
  source = "../../modules/google/ci-identity"

  name        = "acme"
  project     = "platform-ops"
  forge       = "github"
  repository  = "acme/platform"
  deploy_tags = ["apps-deploy-*"]
  state       = module.state.id
}

output "backend" {
  value = module.state.backend
}

output "apply" {
  value = module.ci.apply
}
"#;

const BACKEND: &str = r#"
terraform {
  backend "gcs" {
    bucket = "acme-kstack-state"
    prefix = "shared/bootstrap"
  }
}
"#;

#[test]
fn a_state_moves_into_the_bucket_that_it_made_and_back_on_a_stand_in() {
    let Some((world, google)) = world() else { return };
    let stack = Stack::new(world, "infra/bootstrap", &[]);
    stack.write("main.tf", BOOTSTRAP);
    stack.terraform(&["init"]);
    stack.apply();
    assert_eq!(stack.output("backend"), serde_json::json!({ "bucket": "acme-kstack-state" }));
    assert_eq!(
        stack.output("apply"),
        serde_json::json!({
            "service_account": "acme-apply@platform-ops.iam.gserviceaccount.com",
            "workload_identity_provider": "projects/123456789012/locations/global/workloadIdentityPools/acme-ci/providers/github",
        })
    );

    stack.write("backend.tf", BACKEND);
    stack.terraform(&["init", "-migrate-state", "-force-copy"]);
    stack.must_be_converged();
    assert_eq!(google.left().objects, ["acme-kstack-state/shared/bootstrap/default.tfstate"], "the lock is given back");

    // In place, with the state in the bucket and its lock taken and given back.
    stack.edit("main.tf", &[("[\"apps-deploy-*\"]", "[\"apps-deploy-*\", \"apps-prod-deploy-*\"]")]);
    stack.change(&[]);

    stack.write("backend.tf", "");
    stack.terraform(&["init", "-migrate-state", "-force-copy"]);
    stack.terraform(&["destroy", "-auto-approve"]);
    let left = google.left();
    assert_eq!(
        (left.kinds(), left.grants.len(), left.objects.len()),
        (vec!["services"], 0, 0),
        "APIs stay enabled: {left:#?}"
    );
}
