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
    subnet_cidrs        = optional(list(string))
    security_group_ids  = optional(list(string), [])
    kubernetes_version  = optional(string)
    ami_type            = optional(string)
    ami_release_version = optional(string)
    ami_id              = optional(string)
    setup_script        = optional(string)

    disk = optional(object({
      size_gib       = optional(number, 50)
      type           = optional(string, "gp3")
      iops           = optional(number)
      throughput     = optional(number)
      kms_key_arn    = optional(string)
      instance_store = optional(string)
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
      other                  = optional(string)
    }), {})

    deletion_protection = optional(bool, false)
    tags                = optional(map(string), {})

    extra = optional(object({
      force_update_version    = optional(bool)
      node_repair             = optional(bool)
      capacity_reservation_id = optional(string)
      detailed_monitoring     = optional(bool)
      placement_group         = optional(string)
      user_data               = optional(string)
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
    condition     = var.configuration.subnet_ids == null || var.configuration.subnet_cidrs == null
    error_message = "Give subnet_ids or subnet_cidrs, not both: subnets are there already or made."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.configuration.subnet_cidrs, []) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "The subnet_cidrs must be IPv4 CIDRs without host bits, such as 100.64.0.0/18."
  }

  validation {
    condition     = var.configuration.ami_type == null || can(regex("^(AL2023|BOTTLEROCKET)_[A-Za-z0-9_]+$", var.configuration.ami_type))
    error_message = "The ami_type must be one of Amazon Linux 2023 or Bottlerocket, such as AL2023_ARM_64_STANDARD."
  }

  validation {
    condition     = var.configuration.ami_id == null || (var.configuration.ami_type == null && var.configuration.ami_release_version == null && var.configuration.kubernetes_version == null)
    error_message = "With ami_id the image has its own type and version: give no ami_type, ami_release_version or kubernetes_version."
  }

  validation {
    condition     = var.configuration.ami_id == null || can(regex("^ami-[0-9a-f]+$", var.configuration.ami_id))
    error_message = "The ami_id must be that of an image, such as ami-0123456789abcdef0."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || can(regex("^1\\.[0-9]{2}$", var.configuration.kubernetes_version))
    error_message = "The kubernetes_version must be a minor version in quotes, such as \"1.36\"."
  }

  validation {
    condition     = var.configuration.setup_script == null || can(regex("^#!", var.configuration.setup_script))
    error_message = "The setup_script must start with #! and its interpreter, such as #!/bin/bash."
  }

  validation {
    condition     = var.configuration.disk.instance_store == null || contains(["RAID0", "RAID10", "Mount"], coalesce(var.configuration.disk.instance_store, "-"))
    error_message = "The disk.instance_store must be RAID0, RAID10 or Mount."
  }

  validation {
    condition     = var.configuration.kubelet.other == null || can(keys(jsondecode(var.configuration.kubelet.other)))
    error_message = "The kubelet.other must be a JSON object: use jsonencode({ … })."
  }

  validation {
    condition     = var.configuration.kubelet.cpu_manager_policy == null || contains(["none", "static"], coalesce(var.configuration.kubelet.cpu_manager_policy, "-"))
    error_message = "The kubelet.cpu_manager_policy must be none or static."
  }

  validation {
    condition     = var.configuration.extra.user_data == null || (var.configuration.setup_script == null && var.configuration.disk.instance_store == null && var.configuration.ami_id == null && alltrue([for value in values(var.configuration.kubelet) : value == null]))
    error_message = "With extra.user_data the module writes none of its own: give no kubelet, setup_script, disk.instance_store or ami_id beside it."
  }

  validation {
    condition     = var.configuration.update.max_unavailable_percentage == null || try(var.configuration.update.max_unavailable_percentage >= 1 && var.configuration.update.max_unavailable_percentage <= 100, false)
    error_message = "The update.max_unavailable_percentage must be 1 to 100."
  }

  validation {
    condition     = var.configuration.update.max_unavailable == null || try(var.configuration.update.max_unavailable >= 1 && var.configuration.update.max_unavailable <= 100, false)
    error_message = "The update.max_unavailable must be 1 to 100 nodes."
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
