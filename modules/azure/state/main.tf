# The storage account that holds the states of all stacks and, below `kstack/`, plans and records of the pipeline. Locks are
# leases of the states' blobs, so nothing else is needed. Who gets in, gets in by a role: there are no keys and no signatures.

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "this" {
  name     = var.resource_group_name
  location = var.location

  tags = var.tags
}

resource "azurerm_storage_account" "this" {
  name                     = var.storage_account_name
  resource_group_name      = azurerm_resource_group.this.name
  location                 = var.location
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication

  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  default_to_oauth_authentication  = true
  https_traffic_only_enabled       = true
  local_user_enabled               = false
  min_tls_version                  = "TLS1_2"
  shared_access_key_enabled        = false

  # Every write keeps what was there: a broken state is mended by going back one version.
  blob_properties {
    versioning_enabled = true

    container_delete_retention_policy {
      days = min(var.noncurrent_days, 365)
    }

    delete_retention_policy {
      days = min(var.noncurrent_days, 365)
    }
  }

  tags = var.tags
}

resource "azurerm_storage_container" "this" {
  name                  = var.container_name
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "noncurrent-versions"
    enabled = true

    filters {
      blob_types = ["blockBlob"]
    }

    actions {
      version {
        delete_after_days_since_creation = var.noncurrent_days
      }
    }
  }
}

resource "azurerm_role_assignment" "creator" {
  count = var.creator_can_write ? 1 : 0

  scope                = azurerm_storage_container.this.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = data.azurerm_client_config.current.object_id
  description          = "Creator of the container for Terraform's states"

  lifecycle {
    ignore_changes = [principal_id] # whoever applies later did not create it
  }
}

resource "time_sleep" "creator" {
  count = var.creator_can_write ? 1 : 0

  create_duration = var.role_propagation_duration

  triggers = {
    role_assignment = azurerm_role_assignment.creator[0].id
  }
}
