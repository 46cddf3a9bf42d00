# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the node pool, see the README of the node pool module."
  nullable    = false

  type = object({
    name                = string
    instance_types      = list(string)
    min_size            = number
    max_size            = number
    desired_size        = optional(number)
    spot                = optional(bool, false)
    availability_zones  = optional(list(string))
    subnet_ids          = optional(list(string))
    kubernetes_version  = optional(string)
    ami_type            = optional(string)
    ami_release_version = optional(string)

    disk = optional(object({
      size_gib    = optional(number, 50)
      type        = optional(string, "gp3")
      iops        = optional(number)
      throughput  = optional(number)
      kms_key_arn = optional(string)
    }), {})

    labels = optional(map(string), {})

    taints = optional(map(object({
      key    = string
      value  = optional(string)
      effect = optional(string, "NO_SCHEDULE")
    })), {})

    metadata_options = optional(object({
      http_tokens   = optional(string, "required")
      hop_limit     = optional(number, 1)
      instance_tags = optional(bool, false)
    }), {})

    update = optional(object({
      max_unavailable            = optional(number)
      max_unavailable_percentage = optional(number)
    }), {})

    kubelet = optional(object({
      max_pods               = optional(number)
      pod_pids_limit         = optional(number)
      cpu_manager_policy     = optional(string)
      kube_reserved          = optional(map(string))
      system_reserved        = optional(map(string))
      eviction_hard          = optional(map(string))
      container_log_max_size = optional(string)
      allowed_unsafe_sysctls = optional(list(string))
    }), {})

    tags = optional(map(string), {})

    extra = optional(object({
      force_update_version = optional(bool)
      node_repair          = optional(bool)
    }), {})
  })

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,34}[a-z0-9])?$", var.configuration.name))
    error_message = "The name must have 1 to 36 lower-case letters, digits or hyphens and start with a letter: EKS adds 26 characters to it."
  }

  validation {
    condition     = length(var.configuration.instance_types) > 0 && length(var.configuration.instance_types) <= 20
    error_message = "The instance_types must be 1 to 20 types, such as m7g.large."
  }

  validation {
    condition     = var.configuration.min_size >= 0 && var.configuration.max_size >= 1 && var.configuration.min_size <= var.configuration.max_size
    error_message = "The sizes must be 0 <= min_size <= max_size and max_size >= 1, not ${var.configuration.min_size} and ${var.configuration.max_size}."
  }

  validation {
    condition     = var.configuration.desired_size == null || try(var.configuration.desired_size >= var.configuration.min_size && var.configuration.desired_size <= var.configuration.max_size, false)
    error_message = "The desired_size must lie between min_size and max_size."
  }

  validation {
    condition     = var.configuration.subnet_ids == null || var.configuration.availability_zones == null
    error_message = "Give subnet_ids or availability_zones, not both: subnets have their zones."
  }

  validation {
    condition     = contains(["gp3", "gp2", "io1", "io2"], var.configuration.disk.type)
    error_message = "The disk.type must be gp3, gp2, io1 or io2, not ${var.configuration.disk.type}."
  }

  validation {
    condition     = var.configuration.disk.throughput == null || var.configuration.disk.type == "gp3"
    error_message = "Only disks of type gp3 have a throughput."
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
    condition     = contains(["required", "optional"], var.configuration.metadata_options.http_tokens)
    error_message = "The metadata_options.http_tokens must be required (IMDSv2) or optional."
  }

  validation {
    condition     = var.configuration.metadata_options.hop_limit >= 1 && var.configuration.metadata_options.hop_limit <= 64
    error_message = "The metadata_options.hop_limit must be 1 (nodes only) to 64."
  }

  validation {
    condition     = var.configuration.update.max_unavailable == null || var.configuration.update.max_unavailable_percentage == null
    error_message = "Give update.max_unavailable or update.max_unavailable_percentage, not both."
  }

  validation {
    condition     = !anytrue([for key in keys(var.configuration.labels) : can(regex("(^|\\.)(kubernetes\\.io|k8s\\.io)/", key))])
    error_message = "Kubelets may not set labels under kubernetes.io or k8s.io."
  }
}
