# Plans with a mocked provider: no cloud, no credentials.

mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }

  mock_data "google_dns_managed_zone" {
    defaults = { dns_name = "existing.example.com.", name_servers = ["ns1.example.com."] }
  }

  mock_resource "google_service_account" {
    defaults = { email = "gc0-nodes@platform-ops.iam.gserviceaccount.com" }
  }

  mock_resource "google_kms_key_ring" {
    defaults = { id = "projects/platform-ops/locations/europe-west1/keyRings/made" }
  }

  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/platform-ops/locations/europe-west1/keyRings/made/cryptoKeys/secrets" }
  }

  mock_resource "google_compute_network" {
    defaults = { id = "projects/platform-ops/global/networks/made" }
  }

  mock_resource "google_compute_subnetwork" {
    defaults = { id = "projects/platform-ops/regions/europe-west1/subnetworks/made" }
  }

  mock_resource "google_dns_managed_zone" {
    defaults = { name_servers = ["ns-cloud-a1.googledomains.com."] }
  }

  mock_resource "google_container_cluster" {
    defaults = { endpoint = "203.0.113.7", master_version = "1.33.4-gke.1172000" }
  }
}

variables {
  environment = "ops"

  configuration = {
    apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
    ops  = {}
  }
}

run "nodes_are_private_shielded_and_have_workload_identity" {
  command = plan

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_nodes && google_container_cluster.this.enable_shielded_nodes
    error_message = "Nodes must be private and shielded."
  }

  assert {
    condition     = google_container_cluster.this.workload_identity_config[0].workload_pool == "platform-ops.svc.id.goog"
    error_message = "Pods must not act as their node."
  }

  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH"
    error_message = "Network policies must be enforced."
  }
}

run "the_first_pool_goes_at_once_and_never_has_the_default_identity" {
  command = plan

  assert {
    condition     = google_container_cluster.this.remove_default_node_pool && google_container_cluster.this.node_config[0].service_account == "gc0-nodes@platform-ops.iam.gserviceaccount.com"
    error_message = "Compute Engine's default service account may be an editor of the project."
  }
}

run "secrets_are_encrypted_with_a_key_that_rotates" {
  command = plan

  assert {
    condition     = google_container_cluster.this.database_encryption[0].state == "ENCRYPTED" && google_container_cluster.this.database_encryption[0].key_name == "projects/platform-ops/locations/europe-west1/keyRings/made/cryptoKeys/secrets"
    error_message = "Secrets must be encrypted with the own key."
  }

  assert {
    condition     = google_kms_crypto_key.secrets[0].rotation_period == "7776000s" && google_kms_crypto_key_iam_member.service_agent[0].member == "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com"
    error_message = "The key must rotate, and only GKE may use it."
  }
}

run "a_given_key_is_used_and_none_is_made" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { secrets_encryption = { key = "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/key" } }
    }
  }

  assert {
    condition     = google_container_cluster.this.database_encryption[0].key_name == "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/key" && length(google_kms_crypto_key.secrets) + length(google_kms_key_ring.this) + length(terraform_data.key_ring_suffix) == 0
    error_message = "The given key must be used."
  }
}

run "no_certificate_password_or_anonymous_user_opens_the_api" {
  command = plan

  assert {
    condition     = !google_container_cluster.this.master_auth[0].client_certificate_config[0].issue_client_certificate && google_container_cluster.this.anonymous_authentication_config[0].mode == "LIMITED"
    error_message = "Identities of Google Cloud must be the only way in."
  }

  assert {
    condition     = !google_container_cluster.this.rbac_binding_config[0].enable_insecure_binding_system_authenticated && !google_container_cluster.this.rbac_binding_config[0].enable_insecure_binding_system_unauthenticated
    error_message = "Nobody may grant rights to everybody."
  }

  assert {
    condition     = google_container_cluster.this.node_pool_defaults[0].node_config_defaults[0].insecure_kubelet_readonly_port_enabled == "FALSE"
    error_message = "The kubelet must not answer without credentials."
  }
}

run "the_contract_is_complete" {
  command = plan

  assert {
    condition     = output.cluster.name == "gc0-ops-europe-west1" && output.cluster.provider == "google" && output.cluster.region == "europe-west1" && output.cluster.endpoint == "https://203.0.113.7"
    error_message = "The cluster must say how to reach it: ${jsonencode(output.cluster)}"
  }

  assert {
    condition     = output.cluster.auth == { type = "google", project = "platform-ops", location = "europe-west1", cluster_name = "gc0-ops-europe-west1" }
    error_message = "Unexpected way to a credential: ${jsonencode(output.cluster.auth)}"
  }

  assert {
    condition     = toset(keys(output.cluster)) == toset(["name", "provider", "region", "endpoint", "ca_certificate", "version", "auth"])
    error_message = "Unexpected keys: ${join(", ", keys(output.cluster))}"
  }

  assert {
    condition     = output.current_metadata.fqdn == "gc0-ops-europe-west1.gcp.platform.example.com" && output.dns.zone_name == output.current_metadata.fqdn && google_dns_managed_zone.this[0].dns_name == "gc0-ops-europe-west1.gcp.platform.example.com."
    error_message = "The zone must be that of the cluster."
  }

  assert {
    condition     = output.identity.issuer == "https://container.googleapis.com/v1/projects/platform-ops/locations/europe-west1/clusters/gc0-ops-europe-west1"
    error_message = "Unexpected issuer: ${output.identity.issuer}"
  }
}

run "the_network_has_ranges_for_nodes_pods_and_services_and_one_way_out" {
  command = plan

  assert {
    condition     = google_compute_subnetwork.nodes[0].ip_cidr_range == "10.0.0.0/20" && { for range in google_compute_subnetwork.nodes[0].secondary_ip_range : range.range_name => range.ip_cidr_range } == { pods = "10.0.128.0/17", services = "10.0.16.0/20" }
    error_message = "Unexpected ranges: ${jsonencode(google_compute_subnetwork.nodes[0].secondary_ip_range)}"
  }

  assert {
    condition     = google_container_cluster.this.ip_allocation_policy[0].cluster_secondary_range_name == "pods" && google_container_cluster.this.ip_allocation_policy[0].services_secondary_range_name == "services"
    error_message = "The cluster must use them."
  }

  assert {
    condition     = google_compute_router_nat.this[0].nat_ip_allocate_option == "AUTO_ONLY" && google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && google_compute_subnetwork.nodes[0].private_ip_google_access
    error_message = "Only this subnetwork goes out through this gateway, and to Google's services without it."
  }
}

run "addresses_of_the_way_out_can_be_reserved" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { network = { nat = { static_addresses = 2, log = "NONE" } } }
    }
  }

  assert {
    condition     = google_compute_router_nat.this[0].nat_ip_allocate_option == "MANUAL_ONLY" && google_compute_address.nat[*].name == ["gc0-ops-europe-west1-nat-0", "gc0-ops-europe-west1-nat-1"] && length(google_compute_router_nat.this[0].log_config) == 0
    error_message = "Both addresses must be used."
  }
}

run "without_nat_there_is_no_way_out" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { network = { nat = { enabled = false } } }
    }
  }

  assert {
    condition     = length(google_compute_router_nat.this) + length(google_compute_router.this) + length(google_compute_address.nat) == 0
    error_message = "No gateway may be made."
  }
}

run "further_ranges_are_made_where_they_are_wanted" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { network = { pod_ranges = { batch = "10.0.64.0/18" }, proxy_cidr = "10.0.32.0/24", control_plane_cidr = "10.0.33.0/28", flow_logs = true } }
    }
  }

  assert {
    condition     = google_compute_subnetwork.nodes[0].secondary_ip_range[2].range_name == "batch" && google_compute_subnetwork.proxies[0].purpose == "REGIONAL_MANAGED_PROXY" && length(google_compute_subnetwork.nodes[0].log_config) == 1
    error_message = "Ranges of pools and proxies, and flow logs, must be there."
  }

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].master_ipv4_cidr_block == "10.0.33.0/28"
    error_message = "The control plane must have its range."
  }
}

run "an_existing_network_is_used_as_it_is" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix = "gc0"
        base_domain = "platform.example.com"
        project     = "platform-ops"
        region      = "europe-west1"

        network = {
          existing = {
            network        = "projects/host/global/networks/shared"
            subnetwork     = "projects/host/regions/europe-west1/subnetworks/gke"
            pods_range     = "gke-pods"
            services_range = "gke-services"
          }
        }
      }

      ops = {}
    }
  }

  assert {
    condition     = length(google_compute_network.this) + length(google_compute_subnetwork.nodes) + length(google_compute_router.this) + length(google_compute_router_nat.this) == 0
    error_message = "Nothing of the network may be made."
  }

  assert {
    condition     = google_container_cluster.this.subnetwork == "projects/host/regions/europe-west1/subnetworks/gke" && google_container_cluster.this.ip_allocation_policy[0].cluster_secondary_range_name == "gke-pods" && output.network.cidrs == null
    error_message = "The given ranges must be used."
  }
}

run "everybody_may_come_to_the_public_endpoint_unless_it_is_limited" {
  command = plan

  assert {
    condition     = length(google_container_cluster.this.master_authorized_networks_config) == 0 && !google_container_cluster.this.private_cluster_config[0].enable_private_endpoint
    error_message = "Without a list there must be no block."
  }
}

run "a_list_limits_the_public_endpoint" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { endpoint = { public_cidrs = ["203.0.113.0/24"], private_cidrs = ["10.9.0.0/16"] } }
    }
  }

  assert {
    condition     = toset(google_container_cluster.this.master_authorized_networks_config[0].cidr_blocks[*].cidr_block) == toset(["203.0.113.0/24", "10.9.0.0/16"]) && google_container_cluster.this.master_authorized_networks_config[0].gcp_public_cidrs_access_enabled == false
    error_message = "Only these may come, and not whoever has a machine at Google."
  }
}

run "without_a_public_endpoint_only_private_networks_may_come" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { endpoint = { public = false, private_global_access = true } }
    }
  }

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_endpoint && google_container_cluster.this.private_cluster_config[0].master_global_access_config[0].enabled && length(google_container_cluster.this.master_authorized_networks_config[0].cidr_blocks) == 0
    error_message = "The list of public networks must not be used."
  }
}

run "by_its_dns_name_the_api_is_reached_without_an_authority_of_its_own" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { endpoint = { public = false, dns = true } }
    }
  }

  assert {
    condition     = google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic && output.cluster.ca_certificate == null && startswith(output.cluster.endpoint, "https://") && output.cluster.endpoint != "https://203.0.113.7"
    error_message = "The name must be the endpoint: ${output.cluster.endpoint}"
  }
}

run "nodes_write_logs_and_metrics_and_read_images_and_nothing_else" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { nodes = { registry_projects = ["images-1234"] } }
    }
  }

  assert {
    condition = keys(google_project_iam_member.nodes) == [
      "images-1234/roles/artifactregistry.reader",
      "platform-ops/roles/artifactregistry.reader",
      "platform-ops/roles/logging.logWriter",
      "platform-ops/roles/monitoring.metricWriter",
      "platform-ops/roles/monitoring.viewer",
      "platform-ops/roles/stackdriver.resourceMetadata.writer",
    ]
    error_message = "Unexpected roles: ${join(", ", keys(google_project_iam_member.nodes))}"
  }
}

run "an_existing_service_account_keeps_its_roles" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }
      ops  = { nodes = { service_account = "nodes@shared.iam.gserviceaccount.com" } }
    }
  }

  assert {
    condition     = length(google_service_account.nodes) + length(google_project_iam_member.nodes) == 0 && output.node_pool_context.service_account == "nodes@shared.iam.gserviceaccount.com"
    error_message = "It must be used as it is."
  }
}

run "records_of_the_clusters_own_zone_are_all_that_its_services_change" {
  command = plan

  assert {
    condition     = keys(google_dns_managed_zone_iam_member.services) == ["cert_manager", "external_dns"] && alltrue([for member in google_dns_managed_zone_iam_member.services : member.role == "roles/dns.admin"])
    error_message = "Both must be allowed to write records."
  }

  assert {
    condition     = google_dns_managed_zone_iam_member.services["external_dns"].member == "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/platform-ops.svc.id.goog/subject/ns/external-dns/sa/external-dns"
    error_message = "The principal must be the Kubernetes service account."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.zones : member.role == "roles/dns.reader"]) && length(google_project_iam_member.secrets) == 0
    error_message = "In the whole project they only read."
  }
}

run "services_get_roles_by_name_and_secrets_by_prefix" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix = "gc0"
        base_domain = "platform.example.com"
        project     = "platform-ops"
        region      = "europe-west1"
        identity    = { secrets = true, services = { queue = { namespace = "queue", service_account = "worker", roles = ["roles/pubsub.publisher"] } } }
      }

      ops = { identity = { services = { queue = { roles = ["roles/pubsub.publisher", "roles/pubsub.subscriber"] } } } }
    }
  }

  assert {
    condition     = keys(google_project_iam_member.services) == ["queue/roles/pubsub.publisher", "queue/roles/pubsub.subscriber"] && endswith(output.identity.service_principals.queue, "/ns/queue/sa/worker")
    error_message = "The roles must be those of ops."
  }

  assert {
    condition     = google_project_iam_member.secrets[0].condition[0].expression == "resource.name.startsWith(\"projects/123456789012/secrets/gc0-ops-europe-west1-\")"
    error_message = "Only secrets of the cluster may be read."
  }
}

run "an_existing_zone_is_used_as_it_is" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1", dns = { zone_name = "shared" } }
      ops  = {}
    }
  }

  assert {
    condition     = length(google_dns_managed_zone.this) == 0 && output.dns == { zone_id = "shared", zone_name = "existing.example.com", name_servers = tolist(["ns1.example.com."]) } && google_dns_managed_zone_iam_member.services["cert_manager"].managed_zone == "shared"
    error_message = "Unexpected zone: ${jsonencode(output.dns)}"
  }
}

run "without_a_zone_nobody_may_change_records" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1", dns = { zone = false } }
      ops  = {}
    }
  }

  assert {
    condition     = output.dns == null && length(google_dns_managed_zone_iam_member.services) + length(google_project_iam_member.zones) == 0
    error_message = "No right may be given."
  }
}

run "access_is_given_by_roles_and_groups" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix   = "gc0"
        base_domain   = "platform.example.com"
        project       = "platform-ops"
        region        = "europe-west1"
        access_groups = "gke-security-groups@example.com"
        access        = { operators = { member = "group:operators@example.com" }, team = { member = "group:team@example.com", policy = "edit" } }
      }

      ops = { access = { team = { policy = "none" } } }
    }
  }

  assert {
    condition     = { for key, entry in google_project_iam_member.access : key => entry.role } == { operators = "roles/container.admin", team = "roles/container.clusterViewer" }
    error_message = "The policy must be that of ops."
  }

  assert {
    condition     = google_container_cluster.this.authenticator_groups_config[0].security_group == "gke-security-groups@example.com"
    error_message = "RBAC must know the groups."
  }
}

run "upgrades_wait_for_their_window" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix = "gc0"
        base_domain = "platform.example.com"
        project     = "platform-ops"
        region      = "europe-west1"
        maintenance = { exclusions = { holidays = { start_time = "2026-12-20T00:00:00Z", end_time = "2027-01-03T00:00:00Z" } } }
      }

      ops = { release_channel = "STABLE", maintenance = { recurring = { start_time = "2026-01-03T02:00:00Z", end_time = "2026-01-03T08:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=SA,SU" } } }
    }
  }

  assert {
    condition     = google_container_cluster.this.release_channel[0].channel == "STABLE" && length(google_container_cluster.this.maintenance_policy[0].daily_maintenance_window) == 0 && google_container_cluster.this.maintenance_policy[0].recurring_window[0].recurrence == "FREQ=WEEKLY;BYDAY=SA,SU"
    error_message = "The recurring window must replace the daily one."
  }

  assert {
    condition     = one(google_container_cluster.this.maintenance_policy[0].maintenance_exclusion).exclusion_options[0].scope == "NO_UPGRADES"
    error_message = "Nothing may be upgraded in the holidays."
  }
}

run "pools_are_made_by_gke_within_limits" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1", zones = ["europe-west1-b"] }
      ops  = { autoscaling = { profile = "OPTIMIZE_UTILIZATION", auto_provisioning = { enabled = true, limits = { cpu = { maximum = 64 }, memory = { maximum = 256 } } } } }
    }
  }

  assert {
    condition     = google_container_cluster.this.cluster_autoscaling[0].enabled && google_container_cluster.this.cluster_autoscaling[0].auto_provisioning_locations == tolist(["europe-west1-b"]) && { for limit in google_container_cluster.this.cluster_autoscaling[0].resource_limits : limit.resource_type => limit.maximum } == { cpu = 64, memory = 256 }
    error_message = "Unexpected limits: ${jsonencode(google_container_cluster.this.cluster_autoscaling[0].resource_limits)}"
  }

  assert {
    condition     = google_container_cluster.this.cluster_autoscaling[0].auto_provisioning_defaults[0].service_account == "gc0-nodes@platform-ops.iam.gserviceaccount.com" && google_container_cluster.this.cluster_autoscaling[0].auto_provisioning_defaults[0].shielded_instance_config[0].enable_secure_boot
    error_message = "Their nodes must be like all others."
  }
}

run "drivers_monitoring_and_extra_arguments_reach_the_cluster" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1" }

      ops = {
        storage             = { filestore = true, gcs_fuse = true, backup_agent = true }
        monitoring          = { managed_prometheus = false, components = ["SYSTEM_COMPONENTS", "POD"] }
        security            = { binary_authorization = true, secret_manager = true, posture = "DISABLED" }
        ingress             = { gateway_channel = "CHANNEL_DISABLED", http_load_balancing = false }
        deletion_protection = true
        extra               = { enable_fqdn_network_policy = true, fleet_project = "fleet-1234", enable_k8s_beta_apis = ["resource.k8s.io/v1beta1/deviceclasses"], default_snat_disabled = true }
      }
    }
  }

  assert {
    condition = alltrue([
      google_container_cluster.this.addons_config[0].gcp_filestore_csi_driver_config[0].enabled,
      google_container_cluster.this.addons_config[0].gcs_fuse_csi_driver_config[0].enabled,
      google_container_cluster.this.addons_config[0].gke_backup_agent_config[0].enabled,
      google_container_cluster.this.addons_config[0].gce_persistent_disk_csi_driver_config[0].enabled,
      google_container_cluster.this.addons_config[0].http_load_balancing[0].disabled,
      google_container_cluster.this.secret_manager_config[0].enabled,
      google_container_cluster.this.deletion_protection,
      google_container_cluster.this.enable_fqdn_network_policy,
      google_container_cluster.this.default_snat_status[0].disabled,
    ])
    error_message = "A setting does not reach the cluster."
  }

  assert {
    condition     = !google_container_cluster.this.monitoring_config[0].managed_prometheus[0].enabled && google_container_cluster.this.binary_authorization[0].evaluation_mode == "PROJECT_SINGLETON_POLICY_ENFORCE" && google_container_cluster.this.security_posture_config[0].mode == "DISABLED"
    error_message = "A setting does not reach the cluster."
  }

  assert {
    condition     = google_container_cluster.this.fleet[0].project == "fleet-1234" && google_container_cluster.this.enable_k8s_beta_apis[0].enabled_apis == toset(["resource.k8s.io/v1beta1/deviceclasses"])
    error_message = "An extra argument does not reach the cluster."
  }
}

run "labels_reach_every_resource_that_takes_them" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", project = "platform-ops", region = "europe-west1", resource_labels = { team = "platform" }, network = { nat = { static_addresses = 1 } } }
      ops  = {}
    }
  }

  assert {
    condition = alltrue([
      for labels in concat(
        [google_container_cluster.this.resource_labels, google_container_cluster.this.node_config[0].resource_labels],
        google_compute_address.nat[*].labels, google_kms_crypto_key.secrets[*].labels, google_dns_managed_zone.this[*].labels,
      ) : labels.team == "platform" && labels.kstack-cluster == "gc0-ops-europe-west1"
    ])
    error_message = "A resource lacks the labels."
  }
}

run "a_long_name_is_shortened_with_a_hash_to_what_each_resource_takes" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "analytics-and-reporting", base_domain = "platform.example.com", project = "platform-ops", region = "northamerica-northeast1" }
      ops  = {}
    }
  }

  assert {
    condition     = length(google_container_cluster.this.name) == 40 && can(regex("-[0-9a-f]{8}$", google_container_cluster.this.name))
    error_message = "GKE takes 40 characters: ${google_container_cluster.this.name}"
  }

  assert {
    condition     = length(google_service_account.nodes[0].account_id) <= 30 && can(regex("-[0-9a-f]{8}-nodes$", google_service_account.nodes[0].account_id))
    error_message = "IAM takes 30 characters: ${google_service_account.nodes[0].account_id}"
  }
}
