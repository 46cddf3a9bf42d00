# Kubernetes secrets are encrypted in etcd with a key of a key vault, the own one unless one is given. A cluster whose key
# is gone cannot be saved: hence purge protection and the longest time before a deletion becomes final.

locals {
  own_secrets_key = local.settings.secrets_encryption.enabled && local.settings.secrets_encryption.key_id == null
  own_disk_key    = local.settings.disk_encryption.own_key
  own_vault       = local.own_secrets_key || local.own_disk_key

  secrets_key_id    = local.own_secrets_key ? azurerm_key_vault_key.secrets[0].id : local.settings.secrets_encryption.key_id
  secrets_key_scope = local.own_secrets_key ? azurerm_key_vault.this[0].id : local.settings.secrets_encryption.vault_id

  disk_encryption_set_id = local.own_disk_key ? azurerm_disk_encryption_set.this[0].id : local.settings.disk_encryption.set_id
}

# The name must be unique in all of Azure and have at most 24 characters.
resource "azurerm_key_vault" "this" {
  count = local.own_vault ? 1 : 0

  name                       = "kv-${substr(sha256("${local.subscription_id}/${local.resource_group}/${local.name}"), 0, 20)}"
  location                   = local.location
  resource_group_name        = local.resource_group
  tenant_id                  = local.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 90

  tags = local.tags
}

# The right to make the keys, for whoever creates the cluster.
resource "azurerm_role_assignment" "vault_creator" {
  count = local.own_vault ? 1 : 0

  scope                = azurerm_key_vault.this[0].id
  role_definition_name = "Key Vault Crypto Officer"
  principal_id         = data.azurerm_client_config.current.object_id
  description          = "Creator of the keys of the Kubernetes cluster ${local.name}"

  lifecycle {
    ignore_changes = [principal_id] # whoever applies later did not create it
  }
}

resource "time_sleep" "vault_roles" {
  count = local.own_vault ? 1 : 0

  create_duration = local.settings.identity.role_propagation_duration

  triggers = {
    vault_id = azurerm_key_vault.this[0].id
  }

  depends_on = [azurerm_role_assignment.vault_creator]
}

resource "azurerm_key_vault_key" "secrets" {
  count = local.own_secrets_key ? 1 : 0

  name         = "secrets"
  key_vault_id = azurerm_key_vault.this[0].id
  key_type     = "RSA"
  key_size     = 2048
  key_opts     = ["decrypt", "encrypt", "unwrapKey", "wrapKey"]

  tags = local.tags

  depends_on = [time_sleep.vault_roles]
}

resource "azurerm_key_vault_key" "disks" {
  count = local.own_disk_key ? 1 : 0

  name         = "disks"
  key_vault_id = azurerm_key_vault.this[0].id
  key_type     = "RSA"
  key_size     = 2048
  key_opts     = ["unwrapKey", "wrapKey"]

  tags = local.tags

  depends_on = [time_sleep.vault_roles]
}

resource "azurerm_user_assigned_identity" "disks" {
  count = local.own_disk_key ? 1 : 0

  name                = "${local.name}-disks"
  location            = local.location
  resource_group_name = local.resource_group

  tags = local.tags
}

resource "azurerm_role_assignment" "disks" {
  count = local.own_disk_key ? 1 : 0

  scope                = azurerm_key_vault.this[0].id
  role_definition_name = "Key Vault Crypto Service Encryption User"
  principal_id         = azurerm_user_assigned_identity.disks[0].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Disks of the Kubernetes cluster ${local.name}"
}

resource "azurerm_disk_encryption_set" "this" {
  count = local.own_disk_key ? 1 : 0

  name                      = local.name
  location                  = local.location
  resource_group_name       = local.resource_group
  key_vault_key_id          = azurerm_key_vault_key.disks[0].versionless_id
  auto_key_rotation_enabled = true

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.disks[0].id]
  }

  tags = local.tags

  depends_on = [azurerm_role_assignment.disks]
}
