module "configuration" {
  source = "../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name_prefix", "base_domain", "region", "availability_zones"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

module "metadata" {
  source = "../../common/metadata"

  name_prefix   = local.settings.name_prefix
  base_domain   = local.settings.base_domain
  environment   = var.environment
  provider_name = "azure"
  region        = local.settings.region

  derived_names = {
    dns_prefix = { suffix = "", max_length = 54 }
    nodes      = { suffix = "-nodes", max_length = 80 }
    workspace  = { suffix = "-logs", max_length = 63 }
  }
}

# Subscription, tenant and principal that Terraform works with.
data "azurerm_client_config" "current" {}

locals {
  settings        = module.settings.settings
  name            = module.metadata.name
  tags            = merge(module.metadata.tags, local.settings.tags)
  subscription_id = data.azurerm_client_config.current.subscription_id
  tenant_id       = data.azurerm_client_config.current.tenant_id
  location        = local.settings.region
  resource_group  = local.settings.resource_group.existing == null ? azurerm_resource_group.this[0].name : local.settings.resource_group.existing
  system_pool     = local.settings.system_pool

  # Where a window has a day of the week, it is by default at the weekend.
  windows = {
    for key, window in {
      cluster = merge(local.settings.upgrades.cluster_window, { default_day = "Sunday" })
      node_os = merge(local.settings.upgrades.node_os_window, { default_day = "Saturday" })
      } : key => merge(window, {
        day_of_week = contains(["Weekly", "RelativeMonthly"], window.frequency) ? coalesce(window.day_of_week, window.default_day) : null
    })
  }
}

resource "azurerm_resource_group" "this" {
  count = local.settings.resource_group.existing == null ? 1 : 0

  name     = local.name
  location = local.location

  tags = local.tags
}

resource "azurerm_kubernetes_cluster" "this" {
  name                = local.name
  location            = local.location
  resource_group_name = local.resource_group
  node_resource_group = coalesce(local.settings.resource_group.nodes, module.metadata.derived_names.nodes)
  dns_prefix          = module.metadata.derived_names.dns_prefix
  kubernetes_version  = local.settings.kubernetes_version
  sku_tier            = local.settings.sku_tier
  support_plan        = local.settings.support_plan

  automatic_upgrade_channel = local.settings.upgrades.channel == "none" ? null : local.settings.upgrades.channel
  node_os_upgrade_channel   = local.settings.upgrades.node_os_channel

  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  # Entra decides who enters, and role assignments, see access.tf, what they may do.
  local_account_disabled            = !local.settings.local_accounts
  role_based_access_control_enabled = true

  private_cluster_enabled             = !local.settings.endpoint.public
  private_cluster_public_fqdn_enabled = !local.settings.endpoint.public && local.settings.endpoint.private_public_name
  private_dns_zone_id                 = local.settings.endpoint.public ? null : local.settings.endpoint.private_dns_zone_id

  azure_policy_enabled         = local.settings.addons.azure_policy
  disk_encryption_set_id       = local.disk_encryption_set_id
  image_cleaner_enabled        = local.settings.image_cleaner.enabled
  image_cleaner_interval_hours = local.settings.image_cleaner.interval_hours

  ai_toolchain_operator_enabled       = local.settings.extra.ai_toolchain_operator_enabled
  cost_analysis_enabled               = local.settings.extra.cost_analysis_enabled
  custom_ca_trust_certificates_base64 = local.settings.extra.custom_ca_trust_certificates_base64
  run_command_enabled                 = local.settings.extra.run_command_enabled

  default_node_pool {
    name                         = "system"
    temporary_name_for_rotation  = "systemtmp" # the pool that stands in while this one is made anew
    vm_size                      = local.system_pool.vm_size
    orchestrator_version         = local.settings.kubernetes_version
    only_critical_addons_enabled = local.system_pool.only_critical_addons
    vnet_subnet_id               = local.node_subnet_id
    zones                        = local.system_pool_zones
    node_public_ip_enabled       = false

    auto_scaling_enabled = !local.settings.addons.node_provisioning
    min_count            = local.settings.addons.node_provisioning ? null : local.system_pool.min_size
    max_count            = local.settings.addons.node_provisioning ? null : local.system_pool.max_size
    node_count           = local.settings.addons.node_provisioning ? local.system_pool.min_size : null # the autoscaler's

    fips_enabled            = local.system_pool.fips
    host_encryption_enabled = local.system_pool.host_encryption
    max_pods                = local.system_pool.max_pods
    node_labels             = merge(module.metadata.labels, { "kstack.dev/node-pool" = "system" }, local.system_pool.labels)
    os_disk_size_gb         = local.system_pool.disk_size_gib
    os_disk_type            = local.system_pool.disk_type
    os_sku                  = local.system_pool.os_sku

    upgrade_settings {
      drain_timeout_in_minutes      = local.system_pool.drain_timeout_minutes
      max_surge                     = local.system_pool.max_surge
      node_soak_duration_in_minutes = local.system_pool.node_soak_minutes
    }

    tags = merge(local.tags, { kstack-node-pool = "system" }, local.system_pool.tags)
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [local.cluster_identity.id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.kubelet.client_id
    object_id                 = azurerm_user_assigned_identity.kubelet.principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.kubelet.id
  }

  azure_active_directory_role_based_access_control {
    tenant_id              = local.tenant_id
    admin_group_object_ids = local.settings.admin_group_ids
    azure_rbac_enabled     = true
  }

  dynamic "api_server_access_profile" {
    for_each = local.endpoint_restricted || local.settings.endpoint.network_integration ? [true] : []

    content {
      authorized_ip_ranges                = local.endpoint_restricted ? local.authorized_ip_ranges : null
      virtual_network_integration_enabled = local.settings.endpoint.network_integration
      subnet_id                           = local.settings.endpoint.network_integration ? local.api_server_subnet_id : null
    }
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
    outbound_type       = local.outbound_type
    pod_cidr            = local.network.pod_cidr
    service_cidr        = local.network.service_cidr
    dns_service_ip      = module.settings.subnets.dns_service_ip

    dynamic "advanced_networking" {
      for_each = local.network.advanced.observability || local.network.advanced.security ? [local.network.advanced] : []

      content {
        observability_enabled = advanced_networking.value.observability
        security_enabled      = advanced_networking.value.security
      }
    }

    dynamic "load_balancer_profile" {
      for_each = local.network.outbound == "load_balancer" ? [local.network.load_balancer] : []

      content {
        idle_timeout_in_minutes   = load_balancer_profile.value.idle_timeout_minutes
        managed_outbound_ip_count = load_balancer_profile.value.public_ips
        outbound_ports_allocated  = load_balancer_profile.value.ports_per_node
      }
    }
  }

  dynamic "bootstrap_profile" {
    for_each = local.network.outbound == "none" ? [true] : []

    content {
      artifact_source = "Cache" # without a way out, nodes get the system's images through AKS
    }
  }

  node_provisioning_profile {
    mode = local.settings.addons.node_provisioning ? "Auto" : "Manual"
  }

  dynamic "key_management_service" {
    for_each = local.settings.secrets_encryption.enabled ? [true] : []

    content {
      key_vault_key_id         = local.secrets_key_id
      key_vault_network_access = local.settings.secrets_encryption.network_access
    }
  }

  dynamic "key_vault_secrets_provider" {
    for_each = local.settings.addons.key_vault_secrets ? [true] : []

    content {
      secret_rotation_enabled = true
    }
  }

  dynamic "oms_agent" {
    for_each = local.settings.control_plane_logs.containers ? [true] : []

    content {
      log_analytics_workspace_id      = local.workspace_id
      msi_auth_for_monitoring_enabled = true
    }
  }

  dynamic "microsoft_defender" {
    for_each = local.settings.extra.microsoft_defender_workspace_id[*]

    content {
      log_analytics_workspace_id = microsoft_defender.value
    }
  }

  dynamic "http_proxy_config" {
    for_each = local.settings.extra.http_proxy != null || local.settings.extra.https_proxy != null ? [local.settings.extra] : []

    content {
      http_proxy  = http_proxy_config.value.http_proxy
      https_proxy = http_proxy_config.value.https_proxy
      no_proxy    = http_proxy_config.value.no_proxy
    }
  }

  dynamic "auto_scaler_profile" {
    for_each = anytrue([for value in values(local.settings.autoscaler) : value != null]) ? [local.settings.autoscaler] : []

    content {
      balance_similar_node_groups                   = auto_scaler_profile.value.balance_similar_node_groups
      daemonset_eviction_for_empty_nodes_enabled    = auto_scaler_profile.value.daemonset_eviction_for_empty_nodes
      daemonset_eviction_for_occupied_nodes_enabled = auto_scaler_profile.value.daemonset_eviction_for_occupied_nodes
      empty_bulk_delete_max                         = auto_scaler_profile.value.empty_bulk_delete_max
      expander                                      = auto_scaler_profile.value.expander
      ignore_daemonsets_utilization_enabled         = auto_scaler_profile.value.ignore_daemonsets_utilization
      max_graceful_termination_sec                  = auto_scaler_profile.value.max_graceful_termination_sec
      max_node_provisioning_time                    = auto_scaler_profile.value.max_node_provisioning_time
      max_unready_nodes                             = auto_scaler_profile.value.max_unready_nodes
      max_unready_percentage                        = auto_scaler_profile.value.max_unready_percentage
      new_pod_scale_up_delay                        = auto_scaler_profile.value.new_pod_scale_up_delay
      scale_down_delay_after_add                    = auto_scaler_profile.value.scale_down_delay_after_add
      scale_down_delay_after_delete                 = auto_scaler_profile.value.scale_down_delay_after_delete
      scale_down_delay_after_failure                = auto_scaler_profile.value.scale_down_delay_after_failure
      scale_down_unneeded                           = auto_scaler_profile.value.scale_down_unneeded
      scale_down_unready                            = auto_scaler_profile.value.scale_down_unready
      scale_down_utilization_threshold              = auto_scaler_profile.value.scale_down_utilization_threshold
      scan_interval                                 = auto_scaler_profile.value.scan_interval
      skip_nodes_with_local_storage                 = auto_scaler_profile.value.skip_nodes_with_local_storage
      skip_nodes_with_system_pods                   = auto_scaler_profile.value.skip_nodes_with_system_pods
    }
  }

  storage_profile {
    blob_driver_enabled         = local.settings.storage.blob
    disk_driver_enabled         = local.settings.storage.disk
    file_driver_enabled         = local.settings.storage.file
    snapshot_controller_enabled = local.settings.storage.snapshots
  }

  dynamic "workload_autoscaler_profile" {
    for_each = local.settings.addons.keda || local.settings.addons.vertical_pod_autoscaler ? [local.settings.addons] : []

    content {
      keda_enabled                    = workload_autoscaler_profile.value.keda
      vertical_pod_autoscaler_enabled = workload_autoscaler_profile.value.vertical_pod_autoscaler
    }
  }

  maintenance_window_auto_upgrade {
    frequency    = local.windows.cluster.frequency
    interval     = local.windows.cluster.interval
    day_of_week  = local.windows.cluster.day_of_week
    week_index   = local.windows.cluster.week_index
    day_of_month = local.windows.cluster.day_of_month
    start_time   = local.windows.cluster.start_time
    utc_offset   = local.windows.cluster.utc_offset
    duration     = local.windows.cluster.duration
  }

  maintenance_window_node_os {
    frequency    = local.windows.node_os.frequency
    interval     = local.windows.node_os.interval
    day_of_week  = local.windows.node_os.day_of_week
    week_index   = local.windows.node_os.week_index
    day_of_month = local.windows.node_os.day_of_month
    start_time   = local.windows.node_os.start_time
    utc_offset   = local.windows.node_os.utc_offset
    duration     = local.windows.node_os.duration
  }

  dynamic "upgrade_override" {
    for_each = local.settings.upgrades.force_until[*]

    content {
      force_upgrade_enabled = true
      effective_until       = upgrade_override.value
    }
  }

  tags = local.tags

  # The rights that the control plane needs to stand on network, key and identities, and a way out before the first node.
  depends_on = [
    azurerm_subnet_nat_gateway_association.nodes,
    azurerm_nat_gateway_public_ip_association.this,
    time_sleep.cluster_roles,
  ]
}
