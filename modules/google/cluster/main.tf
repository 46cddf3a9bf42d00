module "configuration" {
  source = "../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name_prefix", "base_domain", "project", "region"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

module "metadata" {
  source = "../../common/metadata"

  name_prefix   = local.settings.name_prefix
  base_domain   = local.settings.base_domain
  environment   = var.environment
  provider_name = "gcp"
  region        = local.settings.region

  derived_names = {
    nodes   = { suffix = "-nodes", max_length = 30 } # the id of a service account
    network = { suffix = "", max_length = 63 }
    nat     = { suffix = "-nat", max_length = 63 }
    proxies = { suffix = "-proxies", max_length = 63 }
  }
}

# Who is asked for by number: GKE's service agent and the workload identity pool.
data "google_project" "this" {
  project_id = local.project
}

locals {
  settings = module.settings.settings
  project  = local.settings.project
  region   = local.settings.region
  name     = module.metadata.name
  labels   = merge(module.metadata.tags, local.settings.resource_labels) # labels of cloud resources; those of nodes are in the metadata
}

resource "google_container_cluster" "this" {
  name                = local.name
  description         = local.settings.extra.description
  project             = local.project
  location            = local.region # a control plane in every zone
  node_locations      = local.settings.zones
  min_master_version  = local.settings.kubernetes_version
  deletion_protection = local.settings.deletion_protection
  resource_labels     = local.labels

  # A cluster cannot start without a pool. This one goes at once; pools are resources of their own.
  remove_default_node_pool = true
  initial_node_count       = 1

  node_config {
    service_account = local.node_service_account
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    resource_labels = local.labels

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  # Network, see network.tf
  networking_mode             = "VPC_NATIVE"
  network                     = local.network_id
  subnetwork                  = local.subnetwork_id
  datapath_provider           = "ADVANCED_DATAPATH" # Dataplane V2: network policies are enforced
  default_max_pods_per_node   = local.settings.network.max_pods_per_node
  enable_intranode_visibility = local.settings.network.intranode_visibility
  enable_l4_ilb_subsetting    = true

  disable_l4_lb_firewall_reconciliation    = local.settings.extra.disable_l4_lb_firewall_reconciliation
  enable_cilium_clusterwide_network_policy = local.settings.extra.enable_cilium_clusterwide_network_policy
  enable_fqdn_network_policy               = local.settings.extra.enable_fqdn_network_policy
  enable_multi_networking                  = local.settings.extra.enable_multi_networking
  in_transit_encryption_config             = local.settings.extra.in_transit_encryption_config

  ip_allocation_policy {
    cluster_secondary_range_name  = local.pods_range
    services_secondary_range_name = local.services_range
  }

  dynamic "default_snat_status" {
    for_each = local.settings.extra.default_snat_disabled[*]

    content {
      disabled = default_snat_status.value
    }
  }

  # The way to the API server
  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = !local.settings.endpoint.public
    master_ipv4_cidr_block  = local.settings.network.control_plane_cidr

    master_global_access_config {
      enabled = local.settings.endpoint.private_global_access
    }
  }

  dynamic "master_authorized_networks_config" {
    for_each = local.limited ? [local.authorized_cidrs] : []

    content {
      gcp_public_cidrs_access_enabled = false

      dynamic "cidr_blocks" {
        for_each = toset(master_authorized_networks_config.value)

        content {
          cidr_block = cidr_blocks.value
        }
      }
    }
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = local.settings.endpoint.dns
    }
  }

  # Who may come in, see identity.tf
  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  anonymous_authentication_config {
    mode = "LIMITED" # health checks only
  }

  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false # that is everybody who has a Google account
    enable_insecure_binding_system_unauthenticated = false
  }

  dynamic "authenticator_groups_config" {
    for_each = local.settings.access_groups[*]

    content {
      security_group = authenticator_groups_config.value
    }
  }

  workload_identity_config {
    workload_pool = local.workload_pool
  }

  # What is on the disks of the control plane and of nodes
  enable_shielded_nodes = true

  database_encryption {
    state    = "ENCRYPTED"
    key_name = local.secrets_key
  }

  binary_authorization {
    evaluation_mode = local.settings.security.binary_authorization ? "PROJECT_SINGLETON_POLICY_ENFORCE" : "DISABLED"
  }

  security_posture_config {
    mode               = local.settings.security.posture
    vulnerability_mode = "VULNERABILITY_DISABLED"
  }

  secret_manager_config {
    enabled = local.settings.security.secret_manager
  }

  # Upgrades
  release_channel {
    channel = local.settings.release_channel
  }

  maintenance_policy {
    dynamic "daily_maintenance_window" {
      for_each = local.settings.maintenance.recurring == null ? [local.settings.maintenance.daily_start] : []

      content {
        start_time = daily_maintenance_window.value
      }
    }

    dynamic "recurring_window" {
      for_each = local.settings.maintenance.recurring[*]

      content {
        start_time = recurring_window.value.start_time
        end_time   = recurring_window.value.end_time
        recurrence = recurring_window.value.recurrence
      }
    }

    dynamic "maintenance_exclusion" {
      for_each = local.settings.maintenance.exclusions

      content {
        exclusion_name = maintenance_exclusion.key
        start_time     = maintenance_exclusion.value.start_time
        end_time       = maintenance_exclusion.value.end_time

        exclusion_options {
          scope = maintenance_exclusion.value.scope
        }
      }
    }
  }

  dynamic "notification_config" {
    for_each = local.settings.notifications_topic[*]

    content {
      pubsub {
        enabled = true
        topic   = notification_config.value
      }
    }
  }

  # What is seen of the cluster
  logging_config {
    enable_components = local.settings.logging.components
  }

  monitoring_config {
    enable_components = local.settings.monitoring.components

    managed_prometheus {
      enabled = local.settings.monitoring.managed_prometheus
    }

    advanced_datapath_observability_config {
      enable_metrics = local.settings.monitoring.datapath_metrics
      enable_relay   = local.settings.monitoring.datapath_relay
    }
  }

  cost_management_config {
    enabled = local.settings.cost_management
  }

  # How it grows
  cluster_autoscaling {
    enabled                     = local.settings.autoscaling.auto_provisioning.enabled
    autoscaling_profile         = local.settings.autoscaling.profile
    auto_provisioning_locations = local.settings.autoscaling.auto_provisioning.enabled ? (local.settings.autoscaling.auto_provisioning.zones != null ? local.settings.autoscaling.auto_provisioning.zones : local.settings.zones) : null

    dynamic "resource_limits" {
      for_each = local.settings.autoscaling.auto_provisioning.enabled ? local.settings.autoscaling.auto_provisioning.limits : {}

      content {
        resource_type = resource_limits.key
        minimum       = resource_limits.value.minimum
        maximum       = resource_limits.value.maximum
      }
    }

    dynamic "auto_provisioning_defaults" {
      for_each = local.settings.autoscaling.auto_provisioning.enabled ? [local.settings.autoscaling.auto_provisioning] : []

      content {
        service_account = local.node_service_account
        oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
        image_type      = auto_provisioning_defaults.value.image_type
        disk_size       = auto_provisioning_defaults.value.disk_gib
        disk_type       = auto_provisioning_defaults.value.disk_type

        management {
          auto_repair  = true
          auto_upgrade = true
        }

        shielded_instance_config {
          enable_secure_boot          = true
          enable_integrity_monitoring = true
        }
      }
    }
  }

  vertical_pod_autoscaling {
    enabled = local.settings.autoscaling.vertical_pod
  }

  # Add-ons
  addons_config {
    dns_cache_config {
      enabled = local.settings.network.node_local_dns
    }

    gce_persistent_disk_csi_driver_config {
      enabled = local.settings.storage.persistent_disk
    }

    gcp_filestore_csi_driver_config {
      enabled = local.settings.storage.filestore
    }

    gcs_fuse_csi_driver_config {
      enabled = local.settings.storage.gcs_fuse
    }

    gke_backup_agent_config {
      enabled = local.settings.storage.backup_agent
    }

    horizontal_pod_autoscaling {
      disabled = false
    }

    http_load_balancing {
      disabled = !local.settings.ingress.http_load_balancing
    }
  }

  gateway_api_config {
    channel = local.settings.ingress.gateway_channel
  }

  dynamic "enable_k8s_beta_apis" {
    for_each = local.settings.extra.enable_k8s_beta_apis == null ? [] : [local.settings.extra.enable_k8s_beta_apis]

    content {
      enabled_apis = enable_k8s_beta_apis.value
    }
  }

  dynamic "fleet" {
    for_each = local.settings.extra.fleet_project[*]

    content {
      project = fleet.value
    }
  }

  # Defaults of pools that GKE makes by itself, and of those that say nothing
  node_pool_defaults {
    node_config_defaults {
      insecure_kubelet_readonly_port_enabled = "FALSE"
      logging_variant                        = local.settings.logging.variant
    }
  }

  lifecycle {
    ignore_changes = [
      initial_node_count, # of the pool that is gone
      node_config,
    ]
  }

  # The service agent must be able to use the key before the first secret is written, and nodes to reach their registry.
  depends_on = [
    google_compute_router_nat.this,
    google_kms_crypto_key_iam_member.service_agent,
    google_project_iam_member.nodes,
  ]
}

locals {
  # Everybody may come to the public address unless it is limited. Without one GKE wants the list in any case.
  limited = !local.settings.endpoint.public || !contains(local.settings.endpoint.public_cidrs, "0.0.0.0/0")
  authorized_cidrs = distinct(concat(
    local.settings.endpoint.public ? local.settings.endpoint.public_cidrs : [],
    local.settings.endpoint.private_cidrs,
  ))
}
