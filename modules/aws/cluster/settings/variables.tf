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
      cidr            = optional(string, "10.0.0.0/16")
      secondary_cidrs = optional(list(string), [])
      nat             = optional(string, "per_zone")
      avoid_cidrs     = optional(list(string), [])
      service_cidr    = optional(string)
      endpoints       = optional(list(string))

      subnets = optional(object({
        nodes         = optional(list(string))
        control_plane = optional(list(string))
        public        = optional(list(string))
      }), {})

      flow_logs = optional(object({
        enabled        = optional(bool, false)
        kms_key_arn    = optional(string)
        traffic        = optional(string, "ALL")
        retention_days = optional(number, 30)
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
      kms_key_arn    = optional(string)
      types          = optional(list(string), ["api", "audit", "authenticator", "controllerManager", "scheduler"])
      retention_days = optional(number, 90)
    }), {})

    secrets_encryption = optional(object({
      key_arn              = optional(string)
      deletion_window_days = optional(number, 30)
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
      oidc_provider            = optional(bool, true)
      cluster_autoscaler       = optional(bool, true)
      load_balancer_controller = optional(bool, true)
      dns                      = optional(bool, true)
      node_policies            = optional(map(string), {})
    }), {})

    service_accounts = optional(map(object({
      namespace = string
      name      = optional(string)
      policies  = optional(map(string), {})
      policy    = optional(string)
    })), {})

    fargate = optional(map(object({
      namespaces = list(string)
      labels     = optional(map(string), {})
    })), {})

    dns = optional(object({
      zone           = optional(bool, true)
      zone_id        = optional(string)
      parent_zone_id = optional(string)
      force_destroy  = optional(bool, false)
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
    error_message = "The kubernetes_version must be a minor version in quotes, such as \"1.36\"."
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
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.configuration.network.flow_logs.traffic)
    error_message = "The network.flow_logs.traffic must be ALL, ACCEPT or REJECT, not ${var.configuration.network.flow_logs.traffic}."
  }

  validation {
    condition     = var.configuration.network.existing == null || (length(var.configuration.network.secondary_cidrs) == 0 && var.configuration.network.endpoints == null && !var.configuration.network.flow_logs.enabled)
    error_message = "With network.existing nothing of the network is made: secondary_cidrs, endpoints and flow_logs are for whoever made it."
  }

  validation {
    condition     = alltrue([for service in coalesce(var.configuration.network.endpoints, []) : can(regex("^[a-z0-9]+([.-][a-z0-9]+)*$", service)) && service != "s3"])
    error_message = "The network.endpoints are names of services, such as ecr.api; the one of s3 is always made, as a gateway."
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
    condition     = length(setsubtract([var.configuration.control_plane_logs.retention_days, var.configuration.network.flow_logs.retention_days], [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653])) == 0
    error_message = "The retention_days of logs must be a number that CloudWatch knows, such as 7, 14, 30, 60, 90, 180, 365 or 731, or 0 for ever."
  }

  validation {
    condition     = var.configuration.secrets_encryption.deletion_window_days >= 7 && var.configuration.secrets_encryption.deletion_window_days <= 30
    error_message = "The secrets_encryption.deletion_window_days must be 7 to 30, not ${var.configuration.secrets_encryption.deletion_window_days}."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.", entry.principal_arn)) || entry.principal_arn == null])
    error_message = "The principal_arn of an access entry must be that of a role or a user, such as arn:aws:iam::123456789012:role/operators."
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
    condition     = alltrue([for name in keys(var.configuration.service_accounts) : can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", name)) && !contains(["cluster", "node", "fargate", "flow-logs", "vpc-cni", "ebs-csi", "cluster-autoscaler", "load-balancer-controller", "external-dns", "cert-manager"], name)])
    error_message = "The names in service_accounts must be 1 to 32 lower-case letters, digits or hyphens, start with a letter, and be none of the module's own roles, such as node or external-dns."
  }

  validation {
    condition     = alltrue([for account in var.configuration.service_accounts : length(account.policies) > 0 || account.policy != null])
    error_message = "Each entry of service_accounts needs policies, a policy, or both."
  }

  validation {
    condition     = alltrue([for account in var.configuration.service_accounts : account.policy == null || can(jsondecode(account.policy).Statement)])
    error_message = "The policy of a service account must be an IAM policy in JSON: use jsonencode({ Version = \"2012-10-17\", Statement = [ … ] })."
  }

  validation {
    condition     = alltrue([for name in keys(var.configuration.fargate) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", name)) && !startswith(name, "eks-")])
    error_message = "The names of Fargate profiles must be 1 to 100 letters, digits, hyphens or underscores, and not start with eks-, which is reserved."
  }

  validation {
    condition     = alltrue([for profile in var.configuration.fargate : length(profile.namespaces) >= 1 && length(profile.namespaces) <= 5])
    error_message = "A Fargate profile needs one to five namespaces."
  }

  validation {
    condition     = var.configuration.dns.parent_zone_id == null || (var.configuration.dns.zone && var.configuration.dns.zone_id == null)
    error_message = "Only a zone that the module makes can be delegated to: dns.parent_zone_id needs dns.zone = true and no dns.zone_id."
  }

  validation {
    condition     = !anytrue([for key in keys(var.configuration.tags) : startswith(lower(key), "aws:")])
    error_message = "The tags must not start with aws:, which is reserved."
  }
}
