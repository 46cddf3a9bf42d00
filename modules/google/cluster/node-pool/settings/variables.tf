# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the node pool, see the README of the node pool module."
  nullable    = false

  type = object({
    name               = string
    machine_type       = string
    min_size           = number
    max_size           = number
    sizes_per_zone     = optional(bool, false)
    initial_size       = optional(number)
    location_policy    = optional(string)
    spot               = optional(bool, false)
    zones              = optional(list(string))
    kubernetes_version = optional(string)
    image_type         = optional(string, "COS_CONTAINERD")
    image_streaming    = optional(bool, false)
    auto_repair        = optional(bool, true)
    auto_upgrade       = optional(bool, true)

    disk = optional(object({
      size_gib = optional(number, 100)
      type     = optional(string)
      kms_key  = optional(string)
    }), {})

    local_ssd = optional(object({
      ephemeral_count = optional(number)
      block_count     = optional(number)
    }), {})

    labels = optional(map(string), {})

    taints = optional(map(object({
      key    = string
      value  = optional(string, "")
      effect = optional(string, "NO_SCHEDULE")
    })), {})

    upgrade = optional(object({
      strategy        = optional(string, "SURGE")
      max_surge       = optional(number, 1)
      max_unavailable = optional(number, 0)

      blue_green = optional(object({
        batch_percentage = optional(number)
        batch_node_count = optional(number)
        batch_soak       = optional(string, "60s")
        pool_soak        = optional(string, "3600s")
      }), {})
    }), {})

    accelerator = optional(object({
      type           = string
      count          = number
      partition_size = optional(string)
      driver         = optional(string, "DEFAULT")

      sharing = optional(object({
        strategy    = optional(string, "TIME_SHARING")
        max_clients = number
      }))
    }))

    kubelet = optional(object({
      cpu_manager_policy              = optional(string)
      cpu_cfs_quota                   = optional(bool)
      cpu_cfs_quota_period            = optional(string)
      pod_pids_limit                  = optional(number)
      container_log_max_size          = optional(string)
      container_log_max_files         = optional(number)
      image_gc_low_threshold_percent  = optional(number)
      image_gc_high_threshold_percent = optional(number)
      allowed_unsafe_sysctls          = optional(list(string))
    }), {})

    linux = optional(object({
      sysctls      = optional(map(string))
      cgroup_mode  = optional(string)
      hugepages_2m = optional(number)
      hugepages_1g = optional(number)
    }), {})

    security = optional(object({
      secure_boot          = optional(bool, true)
      integrity_monitoring = optional(bool, true)
      confidential         = optional(bool, false)
      confidential_type    = optional(string)
      metadata_mode        = optional(string, "GKE_METADATA")
    }), {})

    network = optional(object({
      pods_range        = optional(string)
      max_pods_per_node = optional(number)
      tags              = optional(list(string), [])
      gvnic             = optional(bool, true)
      tier_1            = optional(bool, false)
    }), {})

    reservation = optional(object({
      type  = string
      names = optional(list(string), [])
    }))

    service_account   = optional(string)
    oauth_scopes      = optional(list(string), ["https://www.googleapis.com/auth/cloud-platform"])
    metadata          = optional(map(string), {})
    compact_placement = optional(bool, false)
    resource_labels   = optional(map(string), {})

    extra = optional(object({
      enable_confidential_storage  = optional(bool)
      enable_nested_virtualization = optional(bool)
      fast_socket                  = optional(bool)
      logging_variant              = optional(string)
      max_run_duration             = optional(string)
      min_cpu_platform             = optional(string)
      node_group                   = optional(string)
      resource_manager_tags        = optional(map(string))
      storage_pools                = optional(list(string))
      threads_per_core             = optional(number)
    }), {})
  })

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.configuration.name))
    error_message = "The name \"${var.configuration.name}\" must have 1 to 40 lower-case letters, digits or hyphens, start with a letter and not end with a hyphen."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.configuration.machine_type))
    error_message = "The machine_type must be a type such as n2d-standard-4, not ${var.configuration.machine_type}."
  }

  validation {
    condition     = var.configuration.min_size >= 0 && var.configuration.max_size >= 1 && var.configuration.min_size <= var.configuration.max_size
    error_message = "The sizes must be 0 <= min_size <= max_size and max_size >= 1, not ${var.configuration.min_size} and ${var.configuration.max_size}."
  }

  validation {
    condition     = var.configuration.initial_size == null || try(var.configuration.initial_size >= var.configuration.min_size && var.configuration.initial_size <= var.configuration.max_size, false)
    error_message = "The initial_size must lie between min_size and max_size."
  }

  validation {
    condition     = var.configuration.location_policy == null || contains(["BALANCED", "ANY"], coalesce(var.configuration.location_policy, "none"))
    error_message = "The location_policy must be BALANCED or ANY."
  }

  validation {
    condition     = contains(["COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD"], upper(var.configuration.image_type))
    error_message = "The image_type must be COS_CONTAINERD, UBUNTU_CONTAINERD or WINDOWS_LTSC_CONTAINERD, not ${var.configuration.image_type}."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || !var.configuration.auto_upgrade
    error_message = "A pool with auto_upgrade gets its version from Google: leave kubernetes_version out, or set auto_upgrade = false."
  }

  validation {
    condition     = var.configuration.disk.size_gib >= 20
    error_message = "The disk.size_gib must be at least 20: the images of the system alone need most of that."
  }

  validation {
    condition     = alltrue([for taint in var.configuration.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)])
    error_message = "The effect of a taint must be NO_SCHEDULE, NO_EXECUTE or PREFER_NO_SCHEDULE."
  }

  validation {
    condition     = contains(["SURGE", "BLUE_GREEN"], var.configuration.upgrade.strategy)
    error_message = "The upgrade.strategy must be SURGE or BLUE_GREEN, not ${var.configuration.upgrade.strategy}."
  }

  validation {
    condition     = var.configuration.upgrade.strategy != "SURGE" || var.configuration.upgrade.max_surge + var.configuration.upgrade.max_unavailable >= 1
    error_message = "One of upgrade.max_surge and upgrade.max_unavailable must be at least 1, or no node could be replaced."
  }

  validation {
    condition     = var.configuration.upgrade.blue_green.batch_percentage == null || var.configuration.upgrade.blue_green.batch_node_count == null
    error_message = "Give upgrade.blue_green.batch_percentage or batch_node_count, not both."
  }

  validation {
    condition     = try(contains(["DEFAULT", "LATEST", "INSTALLATION_DISABLED"], var.configuration.accelerator.driver), true)
    error_message = "The accelerator.driver must be DEFAULT, LATEST or INSTALLATION_DISABLED."
  }

  validation {
    condition     = try(contains(["TIME_SHARING", "MPS"], var.configuration.accelerator.sharing.strategy), true)
    error_message = "The accelerator.sharing.strategy must be TIME_SHARING or MPS."
  }

  validation {
    condition     = contains(["GKE_METADATA", "GCE_METADATA"], var.configuration.security.metadata_mode)
    error_message = "The security.metadata_mode must be GKE_METADATA (workload identity) or GCE_METADATA."
  }

  validation {
    condition     = var.configuration.security.confidential_type == null || var.configuration.security.confidential
    error_message = "The security.confidential_type needs security.confidential."
  }

  validation {
    condition     = !var.configuration.network.tier_1 || var.configuration.network.gvnic
    error_message = "The network.tier_1 needs network.gvnic."
  }

  validation {
    condition     = try(contains(["ANY_RESERVATION", "SPECIFIC_RESERVATION", "NO_RESERVATION"], var.configuration.reservation.type), var.configuration.reservation == null)
    error_message = "The reservation.type must be ANY_RESERVATION, SPECIFIC_RESERVATION or NO_RESERVATION."
  }

  validation {
    condition     = try((var.configuration.reservation.type == "SPECIFIC_RESERVATION") == (length(var.configuration.reservation.names) > 0), true)
    error_message = "The reservation.names belong to SPECIFIC_RESERVATION, which needs at least one."
  }

  validation {
    condition     = !anytrue([for key in keys(var.configuration.labels) : can(regex("(^|\\.)(kubernetes\\.io|k8s\\.io)/", key))])
    error_message = "Labels under kubernetes.io and k8s.io are reserved."
  }

  validation {
    condition     = alltrue([for key, value in var.configuration.resource_labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Keys and values of resource_labels may have 63 lower-case letters, digits, hyphens and underscores; keys start with a letter."
  }
}
