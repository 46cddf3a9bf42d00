module "configuration" {
  source = "../../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name", "machine_type", "min_size", "max_size"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

locals {
  settings = module.settings.settings
  labels   = merge(var.cluster.labels, { "kstack.dev/node-pool" = local.settings.name }, local.settings.labels)
  zones    = local.settings.zones != null ? local.settings.zones : var.cluster.zones

  # These families take Hyperdisks only.
  disk_type = coalesce(local.settings.disk.type, can(regex("^(c4|c4a|c4d|n4|n4a|n4d|m4|x4|h4d|a4|a4x)-", local.settings.machine_type)) ? "hyperdisk-balanced" : "pd-balanced")

  # GKE counts the first nodes in each zone. Where the zones are its own choice, they are three.
  first_size   = local.settings.initial_size != null ? local.settings.initial_size : local.settings.min_size
  initial_size = local.settings.sizes_per_zone ? local.first_size : ceil(local.first_size / (local.zones == null ? 3 : length(local.zones)))
}

resource "google_container_node_pool" "this" {
  name               = local.settings.name
  project            = var.cluster.project
  location           = var.cluster.location
  cluster            = var.cluster.name
  node_locations     = local.zones
  version            = local.settings.kubernetes_version
  initial_node_count = local.initial_size
  max_pods_per_node  = local.settings.network.max_pods_per_node

  autoscaling {
    min_node_count       = local.settings.sizes_per_zone ? local.settings.min_size : null
    max_node_count       = local.settings.sizes_per_zone ? local.settings.max_size : null
    total_min_node_count = local.settings.sizes_per_zone ? null : local.settings.min_size
    total_max_node_count = local.settings.sizes_per_zone ? null : local.settings.max_size
    location_policy      = coalesce(local.settings.location_policy, local.settings.spot ? "ANY" : "BALANCED")
  }

  management {
    auto_repair  = local.settings.auto_repair
    auto_upgrade = local.settings.auto_upgrade
  }

  network_config {
    enable_private_nodes = true
    pod_range            = local.settings.network.pods_range

    dynamic "network_performance_config" {
      for_each = local.settings.network.tier_1 ? [1] : []

      content {
        total_egress_bandwidth_tier = "TIER_1"
      }
    }
  }

  dynamic "placement_policy" {
    for_each = local.settings.compact_placement ? [1] : []

    content {
      type = "COMPACT"
    }
  }

  upgrade_settings {
    strategy        = local.settings.upgrade.strategy
    max_surge       = local.settings.upgrade.strategy == "SURGE" ? local.settings.upgrade.max_surge : null
    max_unavailable = local.settings.upgrade.strategy == "SURGE" ? local.settings.upgrade.max_unavailable : null

    dynamic "blue_green_settings" {
      for_each = local.settings.upgrade.strategy == "BLUE_GREEN" ? [local.settings.upgrade.blue_green] : []

      content {
        node_pool_soak_duration = blue_green_settings.value.pool_soak

        standard_rollout_policy {
          batch_node_count    = blue_green_settings.value.batch_node_count
          batch_percentage    = blue_green_settings.value.batch_node_count == null ? coalesce(blue_green_settings.value.batch_percentage, 0.2) : null
          batch_soak_duration = blue_green_settings.value.batch_soak
        }
      }
    }
  }

  node_config {
    machine_type    = local.settings.machine_type
    image_type      = upper(local.settings.image_type)
    spot            = local.settings.spot
    service_account = coalesce(local.settings.service_account, var.cluster.service_account)
    oauth_scopes    = local.settings.oauth_scopes
    labels          = local.labels
    metadata        = merge({ disable-legacy-endpoints = "true" }, local.settings.metadata)
    tags            = local.settings.network.tags
    resource_labels = merge(var.cluster.resource_labels, { kstack-node-pool = local.settings.name }, local.settings.resource_labels)

    disk_size_gb      = local.settings.disk.size_gib
    disk_type         = local.disk_type
    boot_disk_kms_key = local.settings.disk.kms_key

    enable_confidential_storage = local.settings.extra.enable_confidential_storage
    logging_variant             = local.settings.extra.logging_variant
    max_run_duration            = local.settings.extra.max_run_duration
    min_cpu_platform            = local.settings.extra.min_cpu_platform
    node_group                  = local.settings.extra.node_group
    resource_manager_tags       = local.settings.extra.resource_manager_tags
    storage_pools               = local.settings.extra.storage_pools

    dynamic "taint" {
      for_each = local.settings.taints

      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = taint.value.effect
      }
    }

    dynamic "guest_accelerator" {
      for_each = local.settings.accelerator[*]

      content {
        type               = guest_accelerator.value.type
        count              = guest_accelerator.value.count
        gpu_partition_size = guest_accelerator.value.partition_size

        dynamic "gpu_driver_installation_config" {
          for_each = startswith(guest_accelerator.value.type, "nvidia-") ? [guest_accelerator.value.driver] : []

          content {
            gpu_driver_version = gpu_driver_installation_config.value
          }
        }

        dynamic "gpu_sharing_config" {
          for_each = guest_accelerator.value.sharing[*]

          content {
            gpu_sharing_strategy       = gpu_sharing_config.value.strategy
            max_shared_clients_per_gpu = gpu_sharing_config.value.max_clients
          }
        }
      }
    }

    dynamic "ephemeral_storage_local_ssd_config" {
      for_each = local.settings.local_ssd.ephemeral_count[*]

      content {
        local_ssd_count = ephemeral_storage_local_ssd_config.value
      }
    }

    dynamic "local_nvme_ssd_block_config" {
      for_each = local.settings.local_ssd.block_count[*]

      content {
        local_ssd_count = local_nvme_ssd_block_config.value
      }
    }

    gcfs_config {
      enabled = local.settings.image_streaming
    }

    gvnic {
      enabled = local.settings.network.gvnic
    }

    dynamic "fast_socket" {
      for_each = local.settings.extra.fast_socket[*]

      content {
        enabled = fast_socket.value
      }
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"

      allowed_unsafe_sysctls          = local.settings.kubelet.allowed_unsafe_sysctls
      container_log_max_files         = local.settings.kubelet.container_log_max_files
      container_log_max_size          = local.settings.kubelet.container_log_max_size
      cpu_cfs_quota                   = local.settings.kubelet.cpu_cfs_quota
      cpu_cfs_quota_period            = local.settings.kubelet.cpu_cfs_quota_period
      cpu_manager_policy              = local.settings.kubelet.cpu_manager_policy
      image_gc_high_threshold_percent = local.settings.kubelet.image_gc_high_threshold_percent
      image_gc_low_threshold_percent  = local.settings.kubelet.image_gc_low_threshold_percent
      pod_pids_limit                  = local.settings.kubelet.pod_pids_limit
    }

    dynamic "linux_node_config" {
      for_each = anytrue([for value in values(local.settings.linux) : value != null]) ? [local.settings.linux] : []

      content {
        sysctls     = linux_node_config.value.sysctls
        cgroup_mode = linux_node_config.value.cgroup_mode

        dynamic "hugepages_config" {
          for_each = linux_node_config.value.hugepages_2m != null || linux_node_config.value.hugepages_1g != null ? [1] : []

          content {
            hugepage_size_2m = linux_node_config.value.hugepages_2m
            hugepage_size_1g = linux_node_config.value.hugepages_1g
          }
        }
      }
    }

    shielded_instance_config {
      enable_secure_boot          = local.settings.security.secure_boot
      enable_integrity_monitoring = local.settings.security.integrity_monitoring
    }

    dynamic "confidential_nodes" {
      for_each = local.settings.security.confidential ? [1] : []

      content {
        enabled                    = true
        confidential_instance_type = local.settings.security.confidential_type
      }
    }

    workload_metadata_config {
      mode = local.settings.security.metadata_mode
    }

    dynamic "reservation_affinity" {
      for_each = local.settings.reservation[*]

      content {
        consume_reservation_type = reservation_affinity.value.type
        key                      = reservation_affinity.value.type == "SPECIFIC_RESERVATION" ? "compute.googleapis.com/reservation-name" : null
        values                   = reservation_affinity.value.type == "SPECIFIC_RESERVATION" ? reservation_affinity.value.names : null
      }
    }

    dynamic "advanced_machine_features" {
      for_each = local.settings.extra.threads_per_core != null || local.settings.extra.enable_nested_virtualization != null ? [1] : []

      content {
        threads_per_core             = coalesce(local.settings.extra.threads_per_core, 0) # 0 leaves it as the machine type has it
        enable_nested_virtualization = local.settings.extra.enable_nested_virtualization
      }
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count] # the autoscaler's from now on

    precondition {
      condition     = alltrue([for zone in coalesce(local.settings.zones, []) : startswith(zone, "${var.cluster.location}-")])
      error_message = "The zones ${join(", ", coalesce(local.settings.zones, []))} must lie in ${var.cluster.location}, where the cluster is."
    }
  }
}
