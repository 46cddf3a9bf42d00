# Who the parts of the cluster are to Azure: the control plane, the nodes, and, by workload identity, single services.

locals {
  cluster_identity = local.settings.identity.cluster_identity_id == null ? {
    id           = azurerm_user_assigned_identity.cluster[0].id
    principal_id = azurerm_user_assigned_identity.cluster[0].principal_id
    } : {
    id           = local.settings.identity.cluster_identity_id
    principal_id = data.azurerm_user_assigned_identity.cluster[0].principal_id
  }

  # What the control plane needs beyond the resource group that AKS makes for nodes.
  cluster_roles = merge(
    { kubelet = { scope = azurerm_user_assigned_identity.kubelet.id, role = "Managed Identity Operator" } },
    { network = { scope = local.own ? local.vnet_id : local.node_subnet_id, role = "Network Contributor" } },
    local.existing != null && local.settings.endpoint.network_integration ? { api_server = { scope = local.api_server_subnet_id, role = "Network Contributor" } } : {},
    local.private_zone_given ? { private_zone = { scope = local.settings.endpoint.private_dns_zone_id, role = "Private DNS Zone Contributor" } } : {},
    local.private_zone_given && !local.own ? { private_network = { scope = local.vnet_id, role = "Network Contributor" } } : {}, # to link the zone
    local.settings.ingress.public_ip ? { ingress = { scope = azurerm_public_ip.ingress[0].id, role = "Network Contributor" } } : {},
    local.settings.secrets_encryption.enabled ? { secrets_key = { scope = local.secrets_key_scope, role = "Key Vault Crypto User" } } : {},
    local.settings.secrets_encryption.network_access == "Private" ? { secrets_vault = { scope = local.settings.secrets_encryption.vault_id, role = "Key Vault Contributor" } } : {},
    local.own_disk_key || local.settings.disk_encryption.set_id != null ? { disks = { scope = local.disk_encryption_set_id, role = "Reader" } } : {},
  )

  private_zone_given = !local.settings.endpoint.public && !contains(["System", "None"], local.settings.endpoint.private_dns_zone_id)

  # One user-assigned identity for one service account, with rights on what it works with only.
  services = {
    for key, service in {
      external_dns = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "external-dns"
        service_account = "external-dns"
      }

      cert_manager = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "cert-manager"
        service_account = "cert-manager"
      }

      external_secrets = {
        enabled         = length(local.settings.identity.external_secrets_vaults) > 0
        namespace       = "external-secrets"
        service_account = "external-secrets"
      }
    } : key => service if service.enabled
  }

  service_roles = merge(
    { for key in ["external_dns", "cert_manager"] : key => { service = key, scope = local.zone_id, role = "DNS Zone Contributor" } if contains(keys(local.services), key) },
    { for name, id in local.settings.identity.external_secrets_vaults : "external_secrets-${name}" => { service = "external_secrets", scope = id, role = "Key Vault Secrets User" } },
  )
}

resource "azurerm_user_assigned_identity" "cluster" {
  count = local.settings.identity.cluster_identity_id == null ? 1 : 0

  name                = "${local.name}-cluster"
  location            = local.location
  resource_group_name = local.resource_group

  tags = local.tags
}

data "azurerm_user_assigned_identity" "cluster" {
  count = local.settings.identity.cluster_identity_id == null ? 0 : 1

  name                = reverse(split("/", local.settings.identity.cluster_identity_id))[0]
  resource_group_name = split("/", local.settings.identity.cluster_identity_id)[4]
}

# All pools share one identity. It can pull images; what pods need they get by workload identity.
resource "azurerm_user_assigned_identity" "kubelet" {
  name                = "${local.name}-kubelet"
  location            = local.location
  resource_group_name = local.resource_group

  tags = local.tags
}

resource "azurerm_role_assignment" "cluster" {
  for_each = local.cluster_roles

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = local.cluster_identity.principal_id
  principal_type       = "ServicePrincipal"
  description          = "Control plane of the Kubernetes cluster ${local.name}"
}

resource "azurerm_role_assignment" "registries" {
  for_each = local.settings.registries

  scope                = each.value
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.kubelet.principal_id
  principal_type       = "ServicePrincipal"
  description          = "Nodes of the Kubernetes cluster ${local.name}"
}

# A role assignment is known everywhere only after a while, and AKS refuses what it cannot do yet.
resource "time_sleep" "cluster_roles" {
  create_duration = local.settings.identity.role_propagation_duration

  triggers = {
    cluster_identity_id = local.cluster_identity.id
  }

  depends_on = [azurerm_role_assignment.cluster]
}

resource "azurerm_user_assigned_identity" "service" {
  for_each = local.services

  name                = "${local.name}-${replace(each.key, "_", "-")}"
  location            = local.location
  resource_group_name = local.resource_group

  tags = local.tags
}

resource "azurerm_federated_identity_credential" "service" {
  for_each = local.services

  name                      = local.name
  user_assigned_identity_id = azurerm_user_assigned_identity.service[each.key].id
  issuer                    = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject                   = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
  audience                  = ["api://AzureADTokenExchange"]
}

resource "azurerm_role_assignment" "service" {
  for_each = local.service_roles

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.service[each.value.service].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Service ${each.value.service} of the Kubernetes cluster ${local.name}"
}
