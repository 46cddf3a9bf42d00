# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the cluster, see the README of the cluster module."
  nullable    = false

  type = object({
    name_prefix        = string
    base_domain        = string
    project            = string
    region             = string
    zones              = optional(list(string))
    kubernetes_version = optional(string)
    release_channel    = optional(string, "REGULAR")

    network = optional(object({
      cidr                 = optional(string, "10.0.0.0/16")
      nodes_cidr           = optional(string)
      pods_cidr            = optional(string)
      services_cidr        = optional(string)
      control_plane_cidr   = optional(string)
      pod_ranges           = optional(map(string), {})
      proxy_cidr           = optional(string)
      avoid_cidrs          = optional(list(string), [])
      max_pods_per_node    = optional(number, 64)
      intranode_visibility = optional(bool)
      flow_logs            = optional(bool, false)
      node_local_dns       = optional(bool, true)

      nat = optional(object({
        enabled                      = optional(bool, true)
        static_addresses             = optional(number, 0)
        min_ports_per_vm             = optional(number)
        max_ports_per_vm             = optional(number)
        dynamic_ports                = optional(bool, true)
        endpoint_independent_mapping = optional(bool, false)
        log                          = optional(string, "ERRORS_ONLY")
      }), {})

      router = optional(object({
        asn               = optional(number)
        advertise_mode    = optional(string, "DEFAULT")
        advertised_groups = optional(list(string), [])
        advertised_ranges = optional(map(string), {})
      }), {})

      existing = optional(object({
        network        = string
        subnetwork     = string
        pods_range     = string
        services_range = string
      }))
    }), {})

    endpoint = optional(object({
      public                = optional(bool, true)
      public_cidrs          = optional(list(string), ["0.0.0.0/0"])
      private_cidrs         = optional(list(string), [])
      private_global_access = optional(bool, false)
      dns                   = optional(bool, false)
    }), {})

    logging = optional(object({
      components = optional(list(string), ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"])
      variant    = optional(string, "DEFAULT")
    }), {})

    monitoring = optional(object({
      components         = optional(list(string), ["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"])
      managed_prometheus = optional(bool, true)
      datapath_metrics   = optional(bool, false)
      datapath_relay     = optional(bool, false)
    }), {})

    secrets_encryption = optional(object({
      key                  = optional(string)
      rotation_period_days = optional(number, 90)
    }), {})

    access = optional(map(object({
      member = string
      policy = optional(string, "cluster-admin")
    })), {})

    access_groups = optional(string)

    nodes = optional(object({
      service_account   = optional(string)
      registry_projects = optional(list(string), [])
    }), {})

    identity = optional(object({
      dns     = optional(bool, true)
      secrets = optional(bool, false)

      services = optional(map(object({
        namespace       = string
        service_account = string
        roles           = list(string)
      })), {})
    }), {})

    dns = optional(object({
      zone          = optional(bool, true)
      zone_name     = optional(string)
      force_destroy = optional(bool, false)
      dnssec        = optional(bool, true)
    }), {})

    maintenance = optional(object({
      daily_start = optional(string, "03:00")

      recurring = optional(object({
        start_time = string
        end_time   = string
        recurrence = string
      }))

      exclusions = optional(map(object({
        start_time = string
        end_time   = string
        scope      = optional(string, "NO_UPGRADES")
      })), {})
    }), {})

    autoscaling = optional(object({
      profile      = optional(string, "BALANCED")
      vertical_pod = optional(bool, false)

      auto_provisioning = optional(object({
        enabled    = optional(bool, false)
        zones      = optional(list(string))
        image_type = optional(string, "COS_CONTAINERD")
        disk_gib   = optional(number, 100)
        disk_type  = optional(string, "pd-balanced")

        limits = optional(map(object({
          minimum = optional(number, 0)
          maximum = number
        })), {})
      }), {})
    }), {})

    storage = optional(object({
      persistent_disk = optional(bool, true)
      filestore       = optional(bool, false)
      gcs_fuse        = optional(bool, false)
      backup_agent    = optional(bool, false)
    }), {})

    ingress = optional(object({
      http_load_balancing = optional(bool, true)
      gateway_channel     = optional(string, "CHANNEL_STANDARD")
    }), {})

    security = optional(object({
      posture              = optional(string, "BASIC")
      binary_authorization = optional(bool, false)
      secret_manager       = optional(bool, false)
    }), {})

    cost_management     = optional(bool, true)
    notifications_topic = optional(string)
    deletion_protection = optional(bool, false)
    resource_labels     = optional(map(string), {})

    extra = optional(object({
      default_snat_disabled                    = optional(bool)
      description                              = optional(string)
      disable_l4_lb_firewall_reconciliation    = optional(bool)
      enable_cilium_clusterwide_network_policy = optional(bool)
      enable_fqdn_network_policy               = optional(bool)
      enable_k8s_beta_apis                     = optional(list(string))
      enable_multi_networking                  = optional(bool)
      fleet_project                            = optional(string)
      in_transit_encryption_config             = optional(string)
    }), {})
  })

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.configuration.project))
    error_message = "The project must be a project id, such as platform-ops-1234: 6 to 30 lower-case letters, digits or hyphens."
  }

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.configuration.region))
    error_message = "The region must be a region such as europe-west1, not ${var.configuration.region}; a zone belongs into zones."
  }

  validation {
    condition     = var.configuration.zones == null || try(length(var.configuration.zones) >= 1 && length(distinct(var.configuration.zones)) == length(var.configuration.zones), false)
    error_message = "The zones must be one or more different zones."
  }

  validation {
    condition     = alltrue([for zone in coalesce(var.configuration.zones, []) : can(regex("^${var.configuration.region}-[a-z]$", zone))])
    error_message = "The zones ${join(", ", coalesce(var.configuration.zones, []))} must all lie in the region ${var.configuration.region}, such as ${var.configuration.region}-b."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || can(regex("^1\\.[0-9]{2}(\\.[0-9]+(-gke\\.[0-9]+)?)?$", var.configuration.kubernetes_version))
    error_message = "The kubernetes_version must be a version in quotes, such as \"1.33\" or \"1.33.4-gke.1172000\"."
  }

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"], var.configuration.release_channel)
    error_message = "The release_channel must be RAPID, REGULAR, STABLE, EXTENDED or UNSPECIFIED, not ${var.configuration.release_channel}."
  }

  validation {
    condition     = var.configuration.network.max_pods_per_node >= 8 && var.configuration.network.max_pods_per_node <= 256
    error_message = "The network.max_pods_per_node must be 8 to 256, not ${var.configuration.network.max_pods_per_node}."
  }

  validation {
    condition     = var.configuration.network.nat.static_addresses >= 0 && var.configuration.network.nat.static_addresses <= 16
    error_message = "The network.nat.static_addresses must be 0 to 16."
  }

  validation {
    condition     = !(var.configuration.network.nat.dynamic_ports && var.configuration.network.nat.endpoint_independent_mapping)
    error_message = "With network.nat.endpoint_independent_mapping set network.nat.dynamic_ports = false: Cloud NAT has one or the other."
  }

  validation {
    condition     = var.configuration.network.nat.max_ports_per_vm == null || var.configuration.network.nat.dynamic_ports
    error_message = "The network.nat.max_ports_per_vm needs network.nat.dynamic_ports."
  }

  validation {
    condition     = contains(["ERRORS_ONLY", "ALL", "NONE"], var.configuration.network.nat.log)
    error_message = "The network.nat.log must be ERRORS_ONLY, ALL or NONE, not ${var.configuration.network.nat.log}."
  }

  validation {
    condition     = contains(["DEFAULT", "CUSTOM"], var.configuration.network.router.advertise_mode)
    error_message = "The network.router.advertise_mode must be DEFAULT or CUSTOM, not ${var.configuration.network.router.advertise_mode}."
  }

  validation {
    condition     = var.configuration.network.router.advertise_mode == "CUSTOM" || (length(var.configuration.network.router.advertised_groups) == 0 && length(var.configuration.network.router.advertised_ranges) == 0)
    error_message = "The network.router.advertised_groups and advertised_ranges need advertise_mode = \"CUSTOM\"."
  }

  validation {
    condition     = var.configuration.network.router.advertise_mode == "DEFAULT" || var.configuration.network.router.asn != null
    error_message = "The network.router.advertise_mode CUSTOM needs a network.router.asn."
  }

  validation {
    condition     = alltrue([for name in keys(var.configuration.network.pod_ranges) : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name)) && !contains(["pods", "services"], name)])
    error_message = "The names in network.pod_ranges must have 1 to 63 lower-case letters, digits or hyphens; pods and services are taken."
  }

  validation {
    condition     = alltrue([for cidr in concat(var.configuration.endpoint.public_cidrs, var.configuration.endpoint.private_cidrs) : can(cidrnetmask(cidr))])
    error_message = "The endpoint.public_cidrs and private_cidrs must be IPv4 CIDRs such as 203.0.113.0/24."
  }

  validation {
    condition     = length(setsubtract(var.configuration.logging.components, ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "KCP_SSHD", "KCP_CONNECTION", "KCP_HPA"])) == 0
    error_message = "The logging.components may be SYSTEM_COMPONENTS, WORKLOADS, APISERVER, CONTROLLER_MANAGER, SCHEDULER, KCP_SSHD, KCP_CONNECTION and KCP_HPA."
  }

  validation {
    condition     = length(var.configuration.logging.components) == 0 || contains(var.configuration.logging.components, "SYSTEM_COMPONENTS")
    error_message = "The logging.components need SYSTEM_COMPONENTS, or must be empty."
  }

  validation {
    condition     = contains(["DEFAULT", "MAX_THROUGHPUT"], var.configuration.logging.variant)
    error_message = "The logging.variant must be DEFAULT or MAX_THROUGHPUT, not ${var.configuration.logging.variant}."
  }

  validation {
    condition     = length(var.configuration.monitoring.components) == 0 || contains(var.configuration.monitoring.components, "SYSTEM_COMPONENTS")
    error_message = "The monitoring.components need SYSTEM_COMPONENTS, or must be empty."
  }

  validation {
    condition     = var.configuration.secrets_encryption.key == null || can(regex("^projects/[^/]+/locations/${var.configuration.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.configuration.secrets_encryption.key))
    error_message = "The secrets_encryption.key must be the id of a key in the region of the cluster: projects/<project>/locations/${var.configuration.region}/keyRings/<ring>/cryptoKeys/<key>."
  }

  validation {
    condition     = var.configuration.secrets_encryption.rotation_period_days >= 1
    error_message = "The secrets_encryption.rotation_period_days must be at least 1."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : contains(["cluster-admin", "edit", "view", "none"], entry.policy)])
    error_message = "The policy of an access entry must be cluster-admin, edit, view or none."
  }

  validation {
    condition     = alltrue([for entry in var.configuration.access : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", entry.member))])
    error_message = "The member of an access entry must say what it is: group:operators@example.com, user:… or serviceAccount:…."
  }

  validation {
    condition     = var.configuration.access_groups == null || can(regex("^gke-security-groups@.+$", var.configuration.access_groups))
    error_message = "The access_groups must be gke-security-groups@<domain>: GKE takes no other name."
  }

  validation {
    condition     = alltrue(flatten([for service in var.configuration.identity.services : [for role in service.roles : can(regex("^(roles|projects/[^/]+/roles|organizations/[^/]+/roles)/.+$", role))]]))
    error_message = "The roles of identity.services must be full names, such as roles/pubsub.publisher."
  }

  validation {
    condition     = length(setintersection(keys(var.configuration.identity.services), ["external_dns", "cert_manager", "external_secrets"])) == 0
    error_message = "The names external_dns, cert_manager and external_secrets in identity.services belong to identity.dns and identity.secrets."
  }

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.configuration.maintenance.daily_start))
    error_message = "The maintenance.daily_start must be a time in UTC such as 03:00, not ${var.configuration.maintenance.daily_start}."
  }

  validation {
    condition     = alltrue([for exclusion in var.configuration.maintenance.exclusions : contains(["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"], exclusion.scope)])
    error_message = "The scope of a maintenance exclusion must be NO_UPGRADES, NO_MINOR_UPGRADES or NO_MINOR_OR_NODE_UPGRADES."
  }

  validation {
    condition     = alltrue([for exclusion in var.configuration.maintenance.exclusions : try(timecmp(exclusion.start_time, exclusion.end_time) < 0, false)])
    error_message = "A maintenance exclusion must end after its start; both are times such as 2026-12-20T00:00:00Z."
  }

  validation {
    condition     = var.configuration.maintenance.recurring == null || try(timecmp(var.configuration.maintenance.recurring.start_time, var.configuration.maintenance.recurring.end_time) < 0, false)
    error_message = "The maintenance.recurring window must end after its start; both are times such as 2026-01-03T02:00:00Z."
  }

  validation {
    condition     = contains(["BALANCED", "OPTIMIZE_UTILIZATION"], var.configuration.autoscaling.profile)
    error_message = "The autoscaling.profile must be BALANCED or OPTIMIZE_UTILIZATION, not ${var.configuration.autoscaling.profile}."
  }

  validation {
    condition     = !var.configuration.autoscaling.auto_provisioning.enabled || length(setsubtract(["cpu", "memory"], keys(var.configuration.autoscaling.auto_provisioning.limits))) == 0
    error_message = "With autoscaling.auto_provisioning.enabled give autoscaling.auto_provisioning.limits for cpu and memory."
  }

  validation {
    condition     = alltrue([for limit in var.configuration.autoscaling.auto_provisioning.limits : limit.minimum <= limit.maximum])
    error_message = "In autoscaling.auto_provisioning.limits a minimum must not exceed its maximum."
  }

  validation {
    condition     = contains(["CHANNEL_STANDARD", "CHANNEL_EXPERIMENTAL", "CHANNEL_DISABLED"], var.configuration.ingress.gateway_channel)
    error_message = "The ingress.gateway_channel must be CHANNEL_STANDARD, CHANNEL_EXPERIMENTAL or CHANNEL_DISABLED, not ${var.configuration.ingress.gateway_channel}."
  }

  validation {
    condition     = var.configuration.ingress.gateway_channel == "CHANNEL_DISABLED" || var.configuration.ingress.http_load_balancing
    error_message = "Gateways need ingress.http_load_balancing; or set ingress.gateway_channel = \"CHANNEL_DISABLED\"."
  }

  validation {
    condition     = contains(["BASIC", "DISABLED"], var.configuration.security.posture)
    error_message = "The security.posture must be BASIC or DISABLED, not ${var.configuration.security.posture}."
  }

  validation {
    condition     = alltrue([for key, value in var.configuration.resource_labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Keys and values of resource_labels may have 63 lower-case letters, digits, hyphens and underscores; keys start with a letter."
  }
}
