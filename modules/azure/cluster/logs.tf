# Logs of the control plane, and where asked for of containers, go to a Log Analytics workspace.

locals {
  logs          = local.settings.control_plane_logs
  has_logs      = length(local.logs.types) > 0
  own_workspace = local.logs.workspace_id == null && (local.has_logs || local.logs.containers)
  workspace_id  = local.own_workspace ? azurerm_log_analytics_workspace.this[0].id : local.logs.workspace_id
}

resource "azurerm_log_analytics_workspace" "this" {
  count = local.own_workspace ? 1 : 0

  name                         = module.metadata.derived_names.workspace
  location                     = local.location
  resource_group_name          = local.resource_group
  sku                          = "PerGB2018"
  retention_in_days            = local.logs.retention_days
  local_authentication_enabled = false # no shared keys: agents have identities

  tags = local.tags
}

resource "azurerm_monitor_diagnostic_setting" "control_plane" {
  count = local.has_logs ? 1 : 0

  name                           = "kstack"
  target_resource_id             = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id     = local.workspace_id
  log_analytics_destination_type = "Dedicated" # a table for each kind of log

  dynamic "enabled_log" {
    for_each = toset(local.logs.types)

    content {
      category = enabled_log.value
    }
  }
}

# Container Insights by the cluster's identity: what to collect, and that this cluster is to be collected from.
resource "azurerm_monitor_data_collection_rule" "containers" {
  count = local.logs.containers ? 1 : 0

  name                = "${local.name}-containers"
  location            = local.location
  resource_group_name = local.resource_group
  kind                = "Linux"

  destinations {
    log_analytics {
      name                  = "workspace"
      workspace_resource_id = local.workspace_id
    }
  }

  data_flow {
    streams      = ["Microsoft-ContainerInsights-Group-Default"]
    destinations = ["workspace"]
  }

  data_sources {
    extension {
      name           = "ContainerInsightsExtension"
      extension_name = "ContainerInsights"
      streams        = ["Microsoft-ContainerInsights-Group-Default"]
      extension_json = jsonencode({ dataCollectionSettings = { interval = "1m", namespaceFilteringMode = "Off", enableContainerLogV2 = true } })
    }
  }

  tags = local.tags
}

resource "azurerm_monitor_data_collection_rule_association" "containers" {
  count = local.logs.containers ? 1 : 0

  name                    = "ContainerInsightsExtension"
  target_resource_id      = azurerm_kubernetes_cluster.this.id
  data_collection_rule_id = azurerm_monitor_data_collection_rule.containers[0].id
}
