module "configuration" {
  source = "../../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name", "vm_size", "min_size", "max_size"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

locals {
  settings    = module.settings.settings
  tags        = merge(var.cluster.tags, { kstack-node-pool = local.settings.name }, local.settings.tags)
  zones       = coalesce(local.settings.availability_zones, var.cluster.availability_zones)
  autoscaling = local.settings.autoscaling && var.cluster.autoscaling

  # AKS gives these to spot nodes itself, and takes no pool that disagrees.
  spot_labels = local.settings.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : {}
  spot_taints = local.settings.spot ? ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] : []

  effects = {
    NO_EXECUTE         = "NoExecute"
    NO_SCHEDULE        = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
  }

  labels = merge(var.cluster.labels, { "kstack.dev/node-pool" = local.settings.name }, local.settings.labels, local.spot_labels)
  taints = concat(
    local.spot_taints,
    [for taint in local.settings.taints : "${taint.key}=${coalesce(taint.value, "true")}:${local.effects[taint.effect]}"],
  )

  set_sysctls = { for key, value in local.settings.linux.sysctl : key => value if value != null }
  set_kubelet = [for value in values(local.settings.kubelet) : value if value != null]
  set_linux   = [for value in [local.settings.linux.swap_file_size_mb, local.settings.linux.transparent_huge_page, local.settings.linux.transparent_huge_page_defrag] : value if value != null]
}

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  name                        = local.settings.name
  temporary_name_for_rotation = "t${substr(sha256(local.settings.name), 0, 11)}" # the pool that stands in while this one is made anew
  kubernetes_cluster_id       = var.cluster.id
  vm_size                     = local.settings.vm_size
  orchestrator_version        = local.settings.kubernetes_version != null ? local.settings.kubernetes_version : var.cluster.kubernetes_version
  mode                        = local.settings.mode
  vnet_subnet_id              = local.subnet_id
  zones                       = length(local.zones) == 0 ? null : local.zones
  node_public_ip_enabled      = false

  auto_scaling_enabled = local.autoscaling
  min_count            = local.autoscaling ? local.settings.min_size : null
  max_count            = local.autoscaling ? local.settings.max_size : null
  node_count           = local.autoscaling ? null : coalesce(local.settings.desired_size, local.settings.min_size) # the autoscaler's
  scale_down_mode      = local.settings.scale_down_mode

  priority        = local.settings.spot ? "Spot" : "Regular"
  eviction_policy = local.settings.spot ? local.settings.eviction_policy : null
  spot_max_price  = local.settings.spot ? local.settings.spot_max_price : null

  fips_enabled            = local.settings.fips
  host_encryption_enabled = local.settings.host_encryption
  kubelet_disk_type       = local.settings.disk.kubelet
  max_pods                = local.settings.max_pods
  os_disk_size_gb         = local.settings.disk.size_gib
  os_disk_type            = local.settings.disk.type
  os_sku                  = local.settings.os_sku
  ultra_ssd_enabled       = local.settings.ultra_ssd

  gpu_driver   = local.settings.gpu.driver
  gpu_instance = local.settings.gpu.instance

  capacity_reservation_group_id = local.settings.extra.capacity_reservation_group_id
  host_group_id                 = local.settings.extra.host_group_id
  proximity_placement_group_id  = local.settings.extra.proximity_placement_group_id
  snapshot_id                   = local.settings.extra.snapshot_id
  workload_runtime              = local.settings.extra.workload_runtime

  node_labels = local.labels
  node_taints = local.taints

  upgrade_settings {
    drain_timeout_in_minutes      = local.settings.update.drain_timeout_minutes
    max_surge                     = local.settings.spot || local.settings.update.max_unavailable != null ? null : coalesce(local.settings.update.max_surge, "33%")
    max_unavailable               = local.settings.update.max_unavailable
    node_soak_duration_in_minutes = local.settings.update.node_soak_minutes
    undrainable_node_behavior     = local.settings.update.undrainable_nodes
  }

  dynamic "kubelet_config" {
    for_each = length(local.set_kubelet) > 0 ? [local.settings.kubelet] : []

    content {
      allowed_unsafe_sysctls    = kubelet_config.value.allowed_unsafe_sysctls
      container_log_max_files   = kubelet_config.value.container_log_max_files
      container_log_max_size_mb = kubelet_config.value.container_log_max_size_mb
      cpu_cfs_quota_enabled     = kubelet_config.value.cpu_cfs_quota_enabled
      cpu_cfs_quota_period      = kubelet_config.value.cpu_cfs_quota_period
      cpu_manager_policy        = kubelet_config.value.cpu_manager_policy
      image_gc_high_threshold   = kubelet_config.value.image_gc_high_threshold
      image_gc_low_threshold    = kubelet_config.value.image_gc_low_threshold
      pod_max_pid               = kubelet_config.value.pod_max_pid
      topology_manager_policy   = kubelet_config.value.topology_manager_policy
    }
  }

  dynamic "linux_os_config" {
    for_each = length(local.set_linux) + length(local.set_sysctls) > 0 ? [local.settings.linux] : []

    content {
      swap_file_size_mb            = linux_os_config.value.swap_file_size_mb
      transparent_huge_page        = linux_os_config.value.transparent_huge_page
      transparent_huge_page_defrag = linux_os_config.value.transparent_huge_page_defrag

      dynamic "sysctl_config" {
        for_each = length(local.set_sysctls) > 0 ? [linux_os_config.value.sysctl] : []

        content {
          fs_aio_max_nr                      = sysctl_config.value.fs_aio_max_nr
          fs_file_max                        = sysctl_config.value.fs_file_max
          fs_inotify_max_user_watches        = sysctl_config.value.fs_inotify_max_user_watches
          fs_nr_open                         = sysctl_config.value.fs_nr_open
          kernel_threads_max                 = sysctl_config.value.kernel_threads_max
          net_core_netdev_max_backlog        = sysctl_config.value.net_core_netdev_max_backlog
          net_core_optmem_max                = sysctl_config.value.net_core_optmem_max
          net_core_rmem_default              = sysctl_config.value.net_core_rmem_default
          net_core_rmem_max                  = sysctl_config.value.net_core_rmem_max
          net_core_somaxconn                 = sysctl_config.value.net_core_somaxconn
          net_core_wmem_default              = sysctl_config.value.net_core_wmem_default
          net_core_wmem_max                  = sysctl_config.value.net_core_wmem_max
          net_ipv4_ip_local_port_range_max   = sysctl_config.value.net_ipv4_ip_local_port_range_max
          net_ipv4_ip_local_port_range_min   = sysctl_config.value.net_ipv4_ip_local_port_range_min
          net_ipv4_neigh_default_gc_thresh1  = sysctl_config.value.net_ipv4_neigh_default_gc_thresh1
          net_ipv4_neigh_default_gc_thresh2  = sysctl_config.value.net_ipv4_neigh_default_gc_thresh2
          net_ipv4_neigh_default_gc_thresh3  = sysctl_config.value.net_ipv4_neigh_default_gc_thresh3
          net_ipv4_tcp_fin_timeout           = sysctl_config.value.net_ipv4_tcp_fin_timeout
          net_ipv4_tcp_keepalive_intvl       = sysctl_config.value.net_ipv4_tcp_keepalive_intvl
          net_ipv4_tcp_keepalive_probes      = sysctl_config.value.net_ipv4_tcp_keepalive_probes
          net_ipv4_tcp_keepalive_time        = sysctl_config.value.net_ipv4_tcp_keepalive_time
          net_ipv4_tcp_max_syn_backlog       = sysctl_config.value.net_ipv4_tcp_max_syn_backlog
          net_ipv4_tcp_max_tw_buckets        = sysctl_config.value.net_ipv4_tcp_max_tw_buckets
          net_ipv4_tcp_tw_reuse              = sysctl_config.value.net_ipv4_tcp_tw_reuse
          net_netfilter_nf_conntrack_buckets = sysctl_config.value.net_netfilter_nf_conntrack_buckets
          net_netfilter_nf_conntrack_max     = sysctl_config.value.net_netfilter_nf_conntrack_max
          vm_max_map_count                   = sysctl_config.value.vm_max_map_count
          vm_swappiness                      = sysctl_config.value.vm_swappiness
          vm_vfs_cache_pressure              = sysctl_config.value.vm_vfs_cache_pressure
        }
      }
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = local.settings.subnet_cidr == null || var.cluster.network != null
      error_message = "The cluster is in an existing network, in which this module makes no subnet: give pool ${local.settings.name} a subnet_id instead of a subnet_cidr."
    }
  }

  depends_on = [
    azurerm_role_assignment.subnet,
    azurerm_subnet_nat_gateway_association.this,
  ]
}
