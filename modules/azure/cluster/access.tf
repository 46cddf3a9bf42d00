# Who may enter. Entra says who somebody is; these role assignments say what they may do in the cluster.

locals {
  access_roles = {
    cluster-admin = "Azure Kubernetes Service RBAC Cluster Admin"
    admin         = "Azure Kubernetes Service RBAC Admin"
    edit          = "Azure Kubernetes Service RBAC Writer"
    view          = "Azure Kubernetes Service RBAC Reader"
  }

  # One assignment per namespace, or one for the whole cluster.
  access = merge([
    for name, entry in local.settings.access : {
      for namespace in length(entry.namespaces) == 0 ? [null] : entry.namespaces :
      namespace == null ? name : "${name}/${namespace}" => merge(entry, { namespace = namespace })
    } if entry.policy != "none"
  ]...)
}

resource "azurerm_role_assignment" "access" {
  for_each = local.access

  scope                = each.value.namespace == null ? azurerm_kubernetes_cluster.this.id : "${azurerm_kubernetes_cluster.this.id}/namespaces/${each.value.namespace}"
  role_definition_name = local.access_roles[each.value.policy]
  principal_id         = each.value.principal_id
  description          = "Access ${each.key} to the Kubernetes cluster ${local.name}"
}

# What `az aks get-credentials` asks for: where the cluster is, no credential.
resource "azurerm_role_assignment" "user" {
  for_each = local.settings.access

  scope                = azurerm_kubernetes_cluster.this.id
  role_definition_name = "Azure Kubernetes Service Cluster User Role"
  principal_id         = each.value.principal_id
  description          = "Access ${each.key} to the Kubernetes cluster ${local.name}"
}

resource "azurerm_role_assignment" "creator" {
  count = local.settings.creator_is_admin ? 1 : 0

  scope                = azurerm_kubernetes_cluster.this.id
  role_definition_name = local.access_roles.cluster-admin
  principal_id         = data.azurerm_client_config.current.object_id
  description          = "Creator of the Kubernetes cluster ${local.name}"

  lifecycle {
    ignore_changes = [principal_id] # whoever applies later did not create it
  }
}
