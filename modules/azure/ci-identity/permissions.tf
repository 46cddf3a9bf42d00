locals {
  plan_roles  = var.plan_roles != null ? var.plan_roles : ["Azure Kubernetes Service Cluster User Role", "Key Vault Reader", "Reader"]
  apply_roles = var.apply_roles != null ? var.apply_roles : ["Azure Kubernetes Service RBAC Cluster Admin", "Contributor", "Key Vault Crypto Officer"]

  grants = {
    for identity, roles in { plan = local.plan_roles, apply = local.apply_roles } : identity => {
      for pair in setproduct(keys(local.scopes), roles) : join("/", pair) => { scope = local.scopes[pair[0]], role = pair[1] }
    }
  }

  blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

  # Roles with which one gives all others: Owner, User Access Administrator, Role Based Access Control Administrator.
  administrators = join(", ", ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"])
}

resource "azurerm_role_assignment" "plan" {
  for_each = local.grants.plan

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this["plan"].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Plans changes of ${var.repository}"
}

resource "azurerm_role_assignment" "apply" {
  for_each = local.grants.apply

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this["apply"].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Applies what was merged in ${var.repository}"
}

# Clusters need role assignments. Those with which one could make oneself administrator are left out.
resource "azurerm_role_assignment" "apply_roles" {
  for_each = local.scopes

  scope                = each.value
  role_definition_name = "Role Based Access Control Administrator"
  principal_id         = azurerm_user_assigned_identity.this["apply"].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Gives roles to what was merged in ${var.repository}"
  condition_version    = "2.0"

  condition = join(" AND ", [
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {${local.administrators}}))",
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {${local.administrators}}))",
  ])
}

resource "azurerm_role_assignment" "apply_state" {
  count = var.state != null ? 1 : 0

  scope                = var.state.container_id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.this["apply"].principal_id
  principal_type       = "ServicePrincipal"
  description          = "Writes states of ${var.repository}"
}

# Terraform reads states; kstack lists and writes plans. A plan is never deleted by the identity that made it, and a state
# not locked: a lock is a lease, which needs the right to write the state. The built-in roles that write can delete too.
resource "azurerm_role_definition" "plan_state" {
  count = var.state != null ? 1 : 0

  name        = "${var.name}-plan-state"
  scope       = var.state.resource_group_id
  description = "Reads states and keeps plans of ${var.repository}"

  assignable_scopes = [var.state.resource_group_id]

  permissions {
    actions      = ["Microsoft.Storage/storageAccounts/blobServices/containers/read"]
    data_actions = ["${local.blobs}/add/action", "${local.blobs}/read", "${local.blobs}/write"]
  }
}

resource "azurerm_role_assignment" "plan_state" {
  count = var.state != null ? 1 : 0

  scope              = var.state.container_id
  role_definition_id = azurerm_role_definition.plan_state[0].role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.this["plan"].principal_id
  principal_type     = "ServicePrincipal"
  description        = "Reads states and keeps plans of ${var.repository}"
  condition_version  = "2.0"
  condition          = "((!(ActionMatches{'${local.blobs}/write'}) AND !(ActionMatches{'${local.blobs}/add/action'})) OR (@Resource[${local.blobs}:path] StringLike 'kstack/plans/*'))"
}
