# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the node pool, see the README of the node pool module."
  nullable    = false

  type = object({
    name               = string
    vm_size            = string
    min_size           = number
    max_size           = number
    desired_size       = optional(number)
    autoscaling        = optional(bool, true)
    spot               = optional(bool, false)
    spot_max_price     = optional(number, -1)
    eviction_policy    = optional(string, "Delete")
    availability_zones = optional(list(string))
    subnet_id          = optional(string)
    subnet_cidr        = optional(string)
    kubernetes_version = optional(string)
    os_sku             = optional(string, "Ubuntu")
    max_pods           = optional(number)
    mode               = optional(string, "User")
    scale_down_mode    = optional(string, "Delete")
    host_encryption    = optional(bool, false)
    fips               = optional(bool, false)
    ultra_ssd          = optional(bool, false)

    disk = optional(object({
      size_gib = optional(number)
      type     = optional(string, "Managed")
      kubelet  = optional(string)
    }), {})

    labels = optional(map(string), {})

    taints = optional(map(object({
      key    = string
      value  = optional(string)
      effect = optional(string, "NO_SCHEDULE")
    })), {})

    update = optional(object({
      max_surge             = optional(string)
      max_unavailable       = optional(string)
      drain_timeout_minutes = optional(number, 30)
      node_soak_minutes     = optional(number, 0)
      undrainable_nodes     = optional(string)
    }), {})

    gpu = optional(object({
      driver   = optional(string)
      instance = optional(string)
    }), {})

    kubelet = optional(object({
      allowed_unsafe_sysctls    = optional(list(string))
      container_log_max_files   = optional(number)
      container_log_max_size_mb = optional(number)
      cpu_cfs_quota_enabled     = optional(bool)
      cpu_cfs_quota_period      = optional(string)
      cpu_manager_policy        = optional(string)
      image_gc_high_threshold   = optional(number)
      image_gc_low_threshold    = optional(number)
      pod_max_pid               = optional(number)
      topology_manager_policy   = optional(string)
    }), {})

    linux = optional(object({
      swap_file_size_mb            = optional(number)
      transparent_huge_page        = optional(string)
      transparent_huge_page_defrag = optional(string)

      sysctl = optional(object({
        fs_aio_max_nr                      = optional(number)
        fs_file_max                        = optional(number)
        fs_inotify_max_user_watches        = optional(number)
        fs_nr_open                         = optional(number)
        kernel_threads_max                 = optional(number)
        net_core_netdev_max_backlog        = optional(number)
        net_core_optmem_max                = optional(number)
        net_core_rmem_default              = optional(number)
        net_core_rmem_max                  = optional(number)
        net_core_somaxconn                 = optional(number)
        net_core_wmem_default              = optional(number)
        net_core_wmem_max                  = optional(number)
        net_ipv4_ip_local_port_range_max   = optional(number)
        net_ipv4_ip_local_port_range_min   = optional(number)
        net_ipv4_neigh_default_gc_thresh1  = optional(number)
        net_ipv4_neigh_default_gc_thresh2  = optional(number)
        net_ipv4_neigh_default_gc_thresh3  = optional(number)
        net_ipv4_tcp_fin_timeout           = optional(number)
        net_ipv4_tcp_keepalive_intvl       = optional(number)
        net_ipv4_tcp_keepalive_probes      = optional(number)
        net_ipv4_tcp_keepalive_time        = optional(number)
        net_ipv4_tcp_max_syn_backlog       = optional(number)
        net_ipv4_tcp_max_tw_buckets        = optional(number)
        net_ipv4_tcp_tw_reuse              = optional(bool)
        net_netfilter_nf_conntrack_buckets = optional(number)
        net_netfilter_nf_conntrack_max     = optional(number)
        vm_max_map_count                   = optional(number)
        vm_swappiness                      = optional(number)
        vm_vfs_cache_pressure              = optional(number)
      }), {})
    }), {})

    tags = optional(map(string), {})

    extra = optional(object({
      capacity_reservation_group_id = optional(string)
      host_group_id                 = optional(string)
      proximity_placement_group_id  = optional(string)
      snapshot_id                   = optional(string)
      workload_runtime              = optional(string)
    }), {})
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.configuration.name))
    error_message = "The name \"${var.configuration.name}\" must have 1 to 12 lower-case letters and digits and start with a letter."
  }

  validation {
    condition     = !contains(["system", "systemtmp"], var.configuration.name)
    error_message = "The names system and systemtmp are those of the pool that the cluster itself has."
  }

  validation {
    condition     = var.configuration.min_size >= 0 && var.configuration.max_size >= 1 && var.configuration.max_size <= 1000 && var.configuration.min_size <= var.configuration.max_size
    error_message = "The sizes must be 0 <= min_size <= max_size and 1 <= max_size <= 1000, not ${var.configuration.min_size} and ${var.configuration.max_size}."
  }

  validation {
    condition     = var.configuration.desired_size == null || try(var.configuration.desired_size >= var.configuration.min_size && var.configuration.desired_size <= var.configuration.max_size, false)
    error_message = "The desired_size must lie between min_size and max_size."
  }

  validation {
    condition     = var.configuration.mode == "User" || (var.configuration.mode == "System" && var.configuration.min_size >= 1 && !var.configuration.spot)
    error_message = "The mode must be User or System; a pool of mode System needs a min_size of at least 1 and cannot be spot."
  }

  validation {
    condition     = var.configuration.spot || (var.configuration.spot_max_price == -1 && var.configuration.eviction_policy == "Delete")
    error_message = "The spot_max_price and eviction_policy are for spot pools only."
  }

  validation {
    condition     = var.configuration.spot_max_price == -1 || var.configuration.spot_max_price > 0
    error_message = "The spot_max_price must be a price, or -1 for up to the regular one."
  }

  validation {
    condition     = contains(["Delete", "Deallocate"], var.configuration.eviction_policy) && contains(["Delete", "Deallocate"], var.configuration.scale_down_mode)
    error_message = "The eviction_policy and scale_down_mode must be Delete or Deallocate."
  }

  validation {
    condition     = var.configuration.subnet_id == null || var.configuration.subnet_cidr == null
    error_message = "Give subnet_id or subnet_cidr, not both."
  }

  validation {
    condition     = var.configuration.subnet_cidr == null || can(cidrnetmask(var.configuration.subnet_cidr))
    error_message = "The subnet_cidr must be an IPv4 CIDR such as 10.0.32.0/20."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || can(regex("^1\\.[0-9]{2}(\\.[0-9]+)?$", var.configuration.kubernetes_version))
    error_message = "The kubernetes_version must be a version in quotes, such as \"1.33\"."
  }

  validation {
    condition     = contains(["AzureLinux", "AzureLinux3", "Ubuntu", "Ubuntu2204", "Ubuntu2404"], var.configuration.os_sku)
    error_message = "The os_sku must be AzureLinux, AzureLinux3, Ubuntu, Ubuntu2204 or Ubuntu2404, not ${var.configuration.os_sku}."
  }

  validation {
    condition     = var.configuration.max_pods == null || try(var.configuration.max_pods >= 10 && var.configuration.max_pods <= 250, false)
    error_message = "The max_pods must be 10 to 250."
  }

  validation {
    condition     = contains(["Managed", "Ephemeral"], var.configuration.disk.type) && contains(["OS", "Temporary"], coalesce(var.configuration.disk.kubelet, "OS"))
    error_message = "The disk.type must be Managed or Ephemeral, and disk.kubelet OS or Temporary."
  }

  validation {
    condition     = var.configuration.disk.size_gib == null || try(var.configuration.disk.size_gib >= 30, false)
    error_message = "The disk.size_gib must be at least 30."
  }

  validation {
    condition     = alltrue([for taint in var.configuration.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)])
    error_message = "The effect of a taint must be NO_SCHEDULE, NO_EXECUTE or PREFER_NO_SCHEDULE."
  }

  validation {
    condition     = !anytrue([for key in concat(keys(var.configuration.labels), [for taint in var.configuration.taints : taint.key]) : can(regex("(^|\\.)(kubernetes\\.io|k8s\\.io|kubernetes\\.azure\\.com)/", key))])
    error_message = "Labels and taints under kubernetes.io, k8s.io and kubernetes.azure.com are not for pools to set."
  }

  validation {
    condition     = var.configuration.update.max_surge == null || var.configuration.update.max_unavailable == null
    error_message = "Give update.max_surge or update.max_unavailable, not both."
  }

  validation {
    condition     = alltrue([for value in [var.configuration.update.max_surge, var.configuration.update.max_unavailable] : value == null || can(regex("^[1-9][0-9]*%?$", value))])
    error_message = "The update.max_surge and max_unavailable must be a number or a share, such as 1 or 33%."
  }

  validation {
    condition     = !var.configuration.spot || (var.configuration.update.max_surge == null && var.configuration.update.max_unavailable == null)
    error_message = "AKS replaces spot nodes in place: they take neither update.max_surge nor update.max_unavailable."
  }

  validation {
    condition     = var.configuration.update.drain_timeout_minutes >= 1 && var.configuration.update.drain_timeout_minutes <= 1440 && var.configuration.update.node_soak_minutes >= 0 && var.configuration.update.node_soak_minutes <= 30 && contains(["Schedule", "Cordon"], coalesce(var.configuration.update.undrainable_nodes, "Cordon"))
    error_message = "The update needs drain_timeout_minutes of 1 to 1440, node_soak_minutes of 0 to 30, and undrainable_nodes Schedule or Cordon."
  }

  validation {
    condition     = (var.configuration.gpu.driver == null && var.configuration.gpu.instance == null) || can(regex("^Standard_N", var.configuration.vm_size))
    error_message = "The size ${var.configuration.vm_size} has no GPU: sizes with one start with Standard_N."
  }

  validation {
    condition     = contains(["Install", "None"], coalesce(var.configuration.gpu.driver, "None")) && contains(["MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"], coalesce(var.configuration.gpu.instance, "MIG1g"))
    error_message = "The gpu.driver must be Install or None, and gpu.instance MIG1g, MIG2g, MIG3g, MIG4g or MIG7g."
  }

  validation {
    condition     = contains(["none", "static"], coalesce(var.configuration.kubelet.cpu_manager_policy, "none")) && contains(["none", "best-effort", "restricted", "single-numa-node"], coalesce(var.configuration.kubelet.topology_manager_policy, "none"))
    error_message = "The kubelet.cpu_manager_policy must be none or static, and topology_manager_policy none, best-effort, restricted or single-numa-node."
  }

  validation {
    condition     = coalesce(var.configuration.kubelet.image_gc_low_threshold, 80) < coalesce(var.configuration.kubelet.image_gc_high_threshold, 85)
    error_message = "The kubelet.image_gc_low_threshold (80 without one) must be below image_gc_high_threshold (85 without one)."
  }

  validation {
    condition     = contains(["always", "madvise", "never"], coalesce(var.configuration.linux.transparent_huge_page, "never")) && contains(["always", "defer", "defer+madvise", "madvise", "never"], coalesce(var.configuration.linux.transparent_huge_page_defrag, "never"))
    error_message = "The linux.transparent_huge_page must be always, madvise or never, and transparent_huge_page_defrag one of these, defer or defer+madvise."
  }

  validation {
    condition     = !anytrue([for key in keys(var.configuration.tags) : can(regex("[<>%&\\\\?/]", key)) || can(regex("^(?i)(microsoft|azure|windows)", key))])
    error_message = "The keys of tags must not hold < > % & \\ ? / nor start with microsoft, azure or windows."
  }
}
