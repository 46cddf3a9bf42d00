# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the cluster, see the README of the cluster module."
  nullable    = false

  type = object({
    name_prefix        = string
    base_domain        = string
    region             = string
    availability_zones = list(string)
    kubernetes_version = optional(string)
    support_type       = optional(string, "STANDARD")

    network = optional(object({
      cidr         = optional(string, "10.0.0.0/16")
      nat          = optional(string, "per_zone")
      avoid_cidrs  = optional(list(string), [])
      service_cidr = optional(string)

      subnets = optional(object({
        nodes         = optional(list(string))
        control_plane = optional(list(string))
        public        = optional(list(string))
      }), {})

      existing = optional(object({
        vpc_id                   = string
        node_subnet_ids          = list(string)
        control_plane_subnet_ids = optional(list(string))
      }))
    }), {})

    endpoint = optional(object({
      public       = optional(bool, true)
      private      = optional(bool, true)
      public_cidrs = optional(list(string), ["0.0.0.0/0"])
    }), {})

    control_plane_logs = optional(object({
      types          = optional(list(string), ["api", "audit", "authenticator", "controllerManager", "scheduler"])
      retention_days = optional(number, 90)
    }), {})

    secrets_encryption = optional(object({
      key_arn = optional(string)
    }), {})

    access = optional(map(object({
      principal_arn = string
      policy        = optional(string, "cluster-admin")
      namespaces    = optional(list(string), [])
      groups        = optional(list(string), [])
    })), {})

    creator_is_admin = optional(bool, true)

    addons = optional(map(object({
      enabled              = optional(bool, true)
      version              = optional(string)
      configuration_values = optional(string)
    })), {})

    identity = optional(object({
      oidc_provider      = optional(bool, true)
      cluster_autoscaler = optional(bool, true)
      dns                = optional(bool, true)
    }), {})

    dns = optional(object({
      zone          = optional(bool, true)
      zone_id       = optional(string)
      force_destroy = optional(bool, false)
    }), {})

    deletion_protection = optional(bool, false)
    tags                = optional(map(string), {})

    extra = optional(object({
      force_update_version = optional(bool)
      zonal_shift          = optional(bool)
    }), {})
  })

  validation {
    condition     = length(var.configuration.availability_zones) >= 2 && length(var.configuration.availability_zones) <= 8 && length(distinct(var.configuration.availability_zones)) == length(var.configuration.availability_zones)
    error_message = "The availability_zones must be two to eight different zones: the control plane needs two."
  }

  validation {
    condition     = alltrue([for zone in var.configuration.availability_zones : startswith(zone, var.configuration.region)])
    error_message = "The availability_zones ${join(", ", var.configuration.availability_zones)} must all lie in the region ${var.configuration.region}."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || can(regex("^1\\.[0-9]{2}$", var.configuration.kubernetes_version))
    error_message = "The kubernetes_version must be a minor version in quotes, such as \"1.33\"."
  }

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.configuration.support_type)
    error_message = "The support_type must be STANDARD or EXTENDED, not ${var.configuration.support_type}."
  }

  validation {
    condition     = contains(["per_zone", "one", "none"], var.configuration.network.nat)
    error_message = "The network.nat must be per_zone, one or none, not ${var.configuration.network.nat}."
  }

  validation {
    condition     = var.configuration.endpoint.public || var.configuration.endpoint.private
    error_message = "At least one of endpoint.public and endpoint.private must be true."
  }

  validation {
    condition     = var.configuration.endpoint.private || contains(var.configuration.endpoint.public_cidrs, "0.0.0.0/0")
    error_message = "With endpoint.private = false the nodes use the public endpoint too, so endpoint.public_cidrs must hold 0.0.0.0/0."
  }

  validation {
    condition     = alltrue([for cidr in var.configuration.endpoint.public_cidrs : can(cidrhost(cidr, 0))])
    error_message = "The endpoint.public_cidrs must be CIDRs such as 203.0.113.0/24."
  }

  validation {
    condition     = length(setsubtract(var.configuration.control_plane_logs.types, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "The control_plane_logs.types may be api, audit, authenticator, controllerManager and scheduler."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : contains(["cluster-admin", "admin", "edit", "view", "none"], entry.policy)])
    error_message = "The policy of an access entry must be cluster-admin, admin, edit, view or none."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : entry.policy != "cluster-admin" || length(entry.namespaces) == 0])
    error_message = "The policy cluster-admin cannot be limited to namespaces; use admin, edit or view."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : !anytrue([for group in entry.groups : startswith(group, "system:")])])
    error_message = "EKS takes no groups that start with system: in an access entry; use a policy instead."
  }

  validation {
    condition     = var.configuration.creator_is_admin || anytrue([for entry in var.configuration.access : entry.policy == "cluster-admin"])
    error_message = "With creator_is_admin = false nobody could enter the cluster: add an access entry with the policy cluster-admin."
  }

  validation {
    condition     = alltrue([for addon in var.configuration.addons : addon.configuration_values == null || can(jsondecode(addon.configuration_values))])
    error_message = "The configuration_values of an add-on must be JSON: use jsonencode({ … })."
  }

  validation {
    condition     = !anytrue([for key in keys(var.configuration.tags) : startswith(lower(key), "aws:")])
    error_message = "The tags must not start with aws:, which is reserved."
  }
}
