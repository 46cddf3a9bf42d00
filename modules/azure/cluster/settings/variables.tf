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
    sku_tier           = optional(string, "Standard")
    support_plan       = optional(string, "KubernetesOfficial")

    resource_group = optional(object({
      existing = optional(string)
      nodes    = optional(string)
    }), {})

    network = optional(object({
      cidr              = optional(string, "10.0.0.0/16")
      avoid_cidrs       = optional(list(string), [])
      pod_cidr          = optional(string, "10.244.0.0/16")
      service_cidr      = optional(string, "172.20.0.0/16")
      dns_service_ip    = optional(string)
      service_endpoints = optional(list(string), ["Microsoft.Storage", "Microsoft.KeyVault"])
      outbound          = optional(string, "nat_gateway")

      subnets = optional(object({
        nodes      = optional(string)
        api_server = optional(string)
      }), {})

      nat_gateway = optional(object({
        sku                  = optional(string, "Standard")
        public_ips           = optional(number, 1)
        idle_timeout_minutes = optional(number, 4)
      }), {})

      load_balancer = optional(object({
        public_ips           = optional(number, 1)
        ports_per_node       = optional(number, 0)
        idle_timeout_minutes = optional(number, 30)
      }), {})

      advanced = optional(object({
        observability = optional(bool, false)
        security      = optional(bool, false)
      }), {})

      existing = optional(object({
        node_subnet_id       = string
        api_server_subnet_id = optional(string)
      }))
    }), {})

    endpoint = optional(object({
      public              = optional(bool, true)
      public_cidrs        = optional(list(string), ["0.0.0.0/0"])
      network_integration = optional(bool, false)
      private_dns_zone_id = optional(string, "System")
      private_public_name = optional(bool, false)
    }), {})

    access = optional(map(object({
      principal_id = string
      policy       = optional(string, "cluster-admin")
      namespaces   = optional(list(string), [])
    })), {})

    admin_group_ids  = optional(list(string), [])
    creator_is_admin = optional(bool, true)
    local_accounts   = optional(bool, false)

    control_plane_logs = optional(object({
      types          = optional(list(string), ["kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler", "cloud-controller-manager", "guard"])
      retention_days = optional(number, 90)
      workspace_id   = optional(string)
      containers     = optional(bool, false)
    }), {})

    secrets_encryption = optional(object({
      enabled        = optional(bool, true)
      key_id         = optional(string)
      vault_id       = optional(string)
      network_access = optional(string, "Public")
    }), {})

    disk_encryption = optional(object({
      own_key = optional(bool, false)
      set_id  = optional(string)
    }), {})

    identity = optional(object({
      cluster_identity_id       = optional(string)
      dns                       = optional(bool, true)
      external_secrets_vaults   = optional(map(string), {})
      role_propagation_duration = optional(string, "60s")
    }), {})

    registries = optional(map(string), {})

    dns = optional(object({
      zone    = optional(bool, true)
      zone_id = optional(string)
    }), {})

    ingress = optional(object({
      public_ip = optional(bool, false)
    }), {})

    upgrades = optional(object({
      channel         = optional(string, "patch")
      node_os_channel = optional(string, "NodeImage")
      force_until     = optional(string)

      cluster_window = optional(object({
        frequency    = optional(string, "Weekly")
        interval     = optional(number, 1)
        day_of_week  = optional(string)
        week_index   = optional(string)
        day_of_month = optional(number)
        start_time   = optional(string, "01:00")
        utc_offset   = optional(string, "+00:00")
        duration     = optional(number, 6)
      }), {})

      node_os_window = optional(object({
        frequency    = optional(string, "Weekly")
        interval     = optional(number, 1)
        day_of_week  = optional(string)
        week_index   = optional(string)
        day_of_month = optional(number)
        start_time   = optional(string, "01:00")
        utc_offset   = optional(string, "+00:00")
        duration     = optional(number, 6)
      }), {})
    }), {})

    system_pool = optional(object({
      vm_size               = optional(string, "Standard_D2s_v5")
      min_size              = optional(number, 3)
      max_size              = optional(number, 5)
      availability_zones    = optional(list(string))
      only_critical_addons  = optional(bool, true)
      max_pods              = optional(number)
      os_sku                = optional(string, "Ubuntu")
      disk_size_gib         = optional(number)
      disk_type             = optional(string, "Managed")
      host_encryption       = optional(bool, false)
      fips                  = optional(bool, false)
      labels                = optional(map(string), {})
      tags                  = optional(map(string), {})
      max_surge             = optional(string, "33%")
      drain_timeout_minutes = optional(number, 30)
      node_soak_minutes     = optional(number, 0)
    }), {})

    autoscaler = optional(object({
      balance_similar_node_groups           = optional(bool)
      daemonset_eviction_for_empty_nodes    = optional(bool)
      daemonset_eviction_for_occupied_nodes = optional(bool)
      expander                              = optional(string)
      ignore_daemonsets_utilization         = optional(bool)
      max_graceful_termination_sec          = optional(string)
      max_node_provisioning_time            = optional(string)
      max_unready_nodes                     = optional(number)
      max_unready_percentage                = optional(number)
      new_pod_scale_up_delay                = optional(string)
      scale_down_delay_after_add            = optional(string)
      scale_down_delay_after_delete         = optional(string)
      scale_down_delay_after_failure        = optional(string)
      scale_down_unneeded                   = optional(string)
      scale_down_unready                    = optional(string)
      scale_down_utilization_threshold      = optional(string)
      empty_bulk_delete_max                 = optional(string)
      scan_interval                         = optional(string)
      skip_nodes_with_local_storage         = optional(bool)
      skip_nodes_with_system_pods           = optional(bool)
    }), {})

    storage = optional(object({
      disk      = optional(bool, true)
      file      = optional(bool, true)
      blob      = optional(bool, false)
      snapshots = optional(bool, true)
    }), {})

    image_cleaner = optional(object({
      enabled        = optional(bool, true)
      interval_hours = optional(number, 168)
    }), {})

    addons = optional(object({
      azure_policy            = optional(bool, false)
      keda                    = optional(bool, false)
      vertical_pod_autoscaler = optional(bool, false)
      key_vault_secrets       = optional(bool, false)
      node_provisioning       = optional(bool, false)
    }), {})

    deletion_protection = optional(bool, false)
    tags                = optional(map(string), {})

    extra = optional(object({
      ai_toolchain_operator_enabled       = optional(bool)
      cost_analysis_enabled               = optional(bool)
      custom_ca_trust_certificates_base64 = optional(list(string))
      http_proxy                          = optional(string)
      https_proxy                         = optional(string)
      no_proxy                            = optional(list(string))
      microsoft_defender_workspace_id     = optional(string)
      run_command_enabled                 = optional(bool)
    }), {})
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*$", var.configuration.region))
    error_message = "The region must be the short name of an Azure location, such as westeurope, not \"${var.configuration.region}\"."
  }

  validation {
    condition     = length(distinct(var.configuration.availability_zones)) == length(var.configuration.availability_zones) && alltrue([for zone in var.configuration.availability_zones : can(regex("^[1-9]$", zone))])
    error_message = "The availability_zones must be different numbers in quotes, such as [\"1\", \"2\", \"3\"], or [] where the region has none."
  }

  validation {
    condition     = var.configuration.kubernetes_version == null || can(regex("^1\\.[0-9]{2}(\\.[0-9]+)?$", var.configuration.kubernetes_version))
    error_message = "The kubernetes_version must be a version in quotes, such as \"1.33\"."
  }

  validation {
    condition     = !can(regex("^1\\.[0-9]+\\.[0-9]+$", var.configuration.kubernetes_version)) || contains(["none", "node-image"], var.configuration.upgrades.channel)
    error_message = "With upgrades.channel ${var.configuration.upgrades.channel} AKS chooses patches itself: give kubernetes_version without one, such as \"1.33\"."
  }

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.configuration.sku_tier)
    error_message = "The sku_tier must be Free, Standard or Premium, not ${var.configuration.sku_tier}."
  }

  validation {
    condition     = contains(["KubernetesOfficial", "AKSLongTermSupport"], var.configuration.support_plan)
    error_message = "The support_plan must be KubernetesOfficial or AKSLongTermSupport, not ${var.configuration.support_plan}."
  }

  validation {
    condition     = var.configuration.support_plan == "KubernetesOfficial" || var.configuration.sku_tier == "Premium"
    error_message = "The support_plan AKSLongTermSupport needs the sku_tier Premium."
  }

  validation {
    condition     = contains(["nat_gateway", "load_balancer", "user_defined_routing", "none"], var.configuration.network.outbound)
    error_message = "The network.outbound must be nat_gateway, load_balancer, user_defined_routing or none, not ${var.configuration.network.outbound}."
  }

  validation {
    condition     = var.configuration.network.outbound != "user_defined_routing" || var.configuration.network.existing != null
    error_message = "The network.outbound user_defined_routing needs a route table on the nodes' subnet: give network.existing."
  }

  validation {
    condition     = contains(["Standard", "StandardV2"], var.configuration.network.nat_gateway.sku) && var.configuration.network.nat_gateway.public_ips >= 1 && var.configuration.network.nat_gateway.public_ips <= 16 && var.configuration.network.nat_gateway.idle_timeout_minutes >= 4 && var.configuration.network.nat_gateway.idle_timeout_minutes <= 120
    error_message = "The network.nat_gateway needs sku Standard or StandardV2, 1 to 16 public_ips and idle_timeout_minutes of 4 to 120."
  }

  validation {
    condition     = var.configuration.network.load_balancer.public_ips >= 1 && var.configuration.network.load_balancer.public_ips <= 100 && var.configuration.network.load_balancer.ports_per_node % 8 == 0 && var.configuration.network.load_balancer.ports_per_node >= 0 && var.configuration.network.load_balancer.ports_per_node <= 64000 && var.configuration.network.load_balancer.idle_timeout_minutes >= 4 && var.configuration.network.load_balancer.idle_timeout_minutes <= 100
    error_message = "The network.load_balancer needs 1 to 100 public_ips, ports_per_node up to 64000 in steps of 8, and idle_timeout_minutes of 4 to 100."
  }

  validation {
    condition     = var.configuration.network.existing == null || can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+/subnets/[^/]+$", var.configuration.network.existing.node_subnet_id))
    error_message = "The network.existing.node_subnet_id must be the id of a subnet: /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…/subnets/…"
  }

  validation {
    condition     = !var.configuration.endpoint.network_integration || var.configuration.network.existing == null || try(var.configuration.network.existing.api_server_subnet_id != null, false)
    error_message = "In an existing network, endpoint.network_integration needs network.existing.api_server_subnet_id."
  }

  validation {
    condition     = alltrue([for cidr in var.configuration.endpoint.public_cidrs : can(cidrnetmask(cidr))])
    error_message = "The endpoint.public_cidrs must be IPv4 CIDRs such as 203.0.113.0/24."
  }

  validation {
    condition     = length(var.configuration.endpoint.public_cidrs) > 0
    error_message = "The endpoint.public_cidrs must not be empty; for a private cluster set endpoint.public = false."
  }

  validation {
    condition     = var.configuration.endpoint.public || contains(var.configuration.endpoint.public_cidrs, "0.0.0.0/0")
    error_message = "A private cluster (endpoint.public = false) takes no endpoint.public_cidrs."
  }

  validation {
    condition     = var.configuration.network.outbound != "nat_gateway" || var.configuration.network.existing == null || contains(var.configuration.endpoint.public_cidrs, "0.0.0.0/0") || var.configuration.endpoint.network_integration || length(var.configuration.endpoint.public_cidrs) > 1
    error_message = "With endpoint.public_cidrs nodes must be let in too: add the public addresses of the existing network's NAT gateway to them, or set endpoint.network_integration."
  }

  validation {
    condition     = contains(["System", "None"], var.configuration.endpoint.private_dns_zone_id) || can(regex("(?i)^/subscriptions/.+/privateDnsZones/[^/]+$", var.configuration.endpoint.private_dns_zone_id))
    error_message = "The endpoint.private_dns_zone_id must be System, None or the id of a private DNS zone."
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
    condition     = alltrue([for id in concat(var.configuration.admin_group_ids, [for entry in var.configuration.access : entry.principal_id]) : can(regex("^[0-9a-fA-F-]{36}$", id))])
    error_message = "Groups, users and service principals are named by their object id in Entra, such as 11111111-2222-3333-4444-555555555555."
  }

  validation {
    condition     = var.configuration.creator_is_admin || var.configuration.local_accounts || length(var.configuration.admin_group_ids) > 0 || anytrue([for entry in var.configuration.access : entry.policy == "cluster-admin"])
    error_message = "With creator_is_admin = false nobody could enter the cluster: give admin_group_ids, or an access entry with the policy cluster-admin."
  }

  validation {
    condition     = length(distinct(var.configuration.control_plane_logs.types)) == length(var.configuration.control_plane_logs.types) && length(setsubtract(var.configuration.control_plane_logs.types, ["kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler", "cloud-controller-manager", "guard", "csi-azuredisk-controller", "csi-azurefile-controller", "csi-snapshot-controller"])) == 0
    error_message = "The control_plane_logs.types may be kube-apiserver, kube-audit, kube-audit-admin, kube-controller-manager, kube-scheduler, cluster-autoscaler, cloud-controller-manager, guard, csi-azuredisk-controller, csi-azurefile-controller and csi-snapshot-controller, each once."
  }

  validation {
    condition     = var.configuration.control_plane_logs.retention_days >= 30 && var.configuration.control_plane_logs.retention_days <= 730
    error_message = "The control_plane_logs.retention_days must be 30 to 730."
  }

  validation {
    condition     = contains(["Public", "Private"], var.configuration.secrets_encryption.network_access)
    error_message = "The secrets_encryption.network_access must be Public or Private, not ${var.configuration.secrets_encryption.network_access}."
  }

  validation {
    condition     = (var.configuration.secrets_encryption.key_id == null) == (var.configuration.secrets_encryption.vault_id == null)
    error_message = "Give secrets_encryption.key_id and vault_id together: the control plane gets its right on the vault."
  }

  validation {
    condition     = var.configuration.secrets_encryption.network_access == "Public" || (var.configuration.secrets_encryption.key_id != null && var.configuration.endpoint.network_integration)
    error_message = "A private key vault must be given (secrets_encryption.key_id, vault_id), and is reached only with endpoint.network_integration."
  }

  validation {
    condition     = var.configuration.secrets_encryption.key_id == null || can(regex("^https://[^/]+/keys/[^/]+/[^/]+$", var.configuration.secrets_encryption.key_id))
    error_message = "The secrets_encryption.key_id must be the id of one version of a key: https://<vault>/keys/<name>/<version>."
  }

  validation {
    condition     = !var.configuration.disk_encryption.own_key || var.configuration.disk_encryption.set_id == null
    error_message = "Give disk_encryption.own_key or disk_encryption.set_id, not both."
  }

  validation {
    condition     = can(regex("^[0-9]+[smh]$", var.configuration.identity.role_propagation_duration))
    error_message = "The identity.role_propagation_duration must be a duration such as 60s."
  }

  validation {
    condition     = contains(["patch", "stable", "rapid", "node-image", "none"], var.configuration.upgrades.channel)
    error_message = "The upgrades.channel must be patch, stable, rapid, node-image or none, not ${var.configuration.upgrades.channel}."
  }

  validation {
    condition     = contains(["NodeImage", "SecurityPatch", "Unmanaged", "None"], var.configuration.upgrades.node_os_channel)
    error_message = "The upgrades.node_os_channel must be NodeImage, SecurityPatch, Unmanaged or None, not ${var.configuration.upgrades.node_os_channel}."
  }

  validation {
    condition     = var.configuration.upgrades.channel != "node-image" || var.configuration.upgrades.node_os_channel == "NodeImage"
    error_message = "The upgrades.channel node-image needs the node_os_channel NodeImage."
  }

  validation {
    condition = alltrue([
      for window in [var.configuration.upgrades.cluster_window, var.configuration.upgrades.node_os_window] :
      contains(["Daily", "Weekly", "AbsoluteMonthly", "RelativeMonthly"], window.frequency) &&
      window.interval >= 1 && window.duration >= 4 && window.duration <= 24 &&
      can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", window.start_time)) && can(regex("^[+-][0-9]{2}:[0-9]{2}$", window.utc_offset)) &&
      (window.day_of_week == null || contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], coalesce(window.day_of_week, "-"))) &&
      (window.week_index == null || contains(["First", "Second", "Third", "Fourth", "Last"], coalesce(window.week_index, "-")))
    ])
    error_message = "A window in upgrades needs a frequency (Daily, Weekly, AbsoluteMonthly, RelativeMonthly), an interval, a start_time such as 01:00, a utc_offset such as +00:00 and a duration of 4 to 24 hours."
  }

  validation {
    condition = alltrue([
      for window in [var.configuration.upgrades.cluster_window, var.configuration.upgrades.node_os_window] :
      (window.frequency == "AbsoluteMonthly") == (window.day_of_month != null) &&
      (window.frequency == "RelativeMonthly") == (window.week_index != null) &&
      (window.day_of_week == null || contains(["Weekly", "RelativeMonthly"], window.frequency))
    ])
    error_message = "In a window of upgrades, day_of_week belongs to Weekly and RelativeMonthly, week_index to RelativeMonthly and day_of_month to AbsoluteMonthly."
  }

  validation {
    condition     = var.configuration.system_pool.min_size >= 1 && var.configuration.system_pool.min_size <= var.configuration.system_pool.max_size && var.configuration.system_pool.max_size <= 1000
    error_message = "The sizes of the system_pool must be 1 <= min_size <= max_size <= 1000, not ${var.configuration.system_pool.min_size} and ${var.configuration.system_pool.max_size}."
  }

  validation {
    condition     = contains(["Managed", "Ephemeral"], var.configuration.system_pool.disk_type)
    error_message = "The system_pool.disk_type must be Managed or Ephemeral, not ${var.configuration.system_pool.disk_type}."
  }

  validation {
    condition     = contains(["AzureLinux", "AzureLinux3", "Ubuntu", "Ubuntu2204", "Ubuntu2404"], var.configuration.system_pool.os_sku)
    error_message = "The system_pool.os_sku must be AzureLinux, AzureLinux3, Ubuntu, Ubuntu2204 or Ubuntu2404, not ${var.configuration.system_pool.os_sku}."
  }

  validation {
    condition     = var.configuration.system_pool.max_pods == null || try(var.configuration.system_pool.max_pods >= 30 && var.configuration.system_pool.max_pods <= 250, false)
    error_message = "The system_pool.max_pods must be 30 to 250."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]*%?$", var.configuration.system_pool.max_surge))
    error_message = "The system_pool.max_surge must be a number or a share, such as 1 or 33%."
  }

  validation {
    condition     = var.configuration.system_pool.drain_timeout_minutes >= 1 && var.configuration.system_pool.drain_timeout_minutes <= 1440 && var.configuration.system_pool.node_soak_minutes >= 0 && var.configuration.system_pool.node_soak_minutes <= 30
    error_message = "The system_pool needs drain_timeout_minutes of 1 to 1440 and node_soak_minutes of 0 to 30."
  }

  validation {
    condition     = var.configuration.image_cleaner.interval_hours >= 24 && var.configuration.image_cleaner.interval_hours <= 2160
    error_message = "The image_cleaner.interval_hours must be 24 to 2160."
  }

  validation {
    condition     = var.configuration.autoscaler.expander == null || contains(["least-waste", "most-pods", "priority", "random"], coalesce(var.configuration.autoscaler.expander, "-"))
    error_message = "The autoscaler.expander must be least-waste, most-pods, priority or random."
  }

  validation {
    condition     = var.configuration.extra.cost_analysis_enabled != true || var.configuration.sku_tier != "Free"
    error_message = "The extra.cost_analysis_enabled needs the sku_tier Standard or Premium."
  }

  validation {
    condition     = !anytrue([for key in keys(merge(var.configuration.tags, var.configuration.system_pool.tags)) : can(regex("[<>%&\\\\?/]", key)) || can(regex("^(?i)(microsoft|azure|windows)", key))])
    error_message = "The keys of tags must not hold < > % & \\ ? / nor start with microsoft, azure or windows."
  }
}
