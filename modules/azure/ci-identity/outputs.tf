output "plan" {
  description = "What a job that plans asks Entra for."
  value = {
    client_id       = azurerm_user_assigned_identity.this["plan"].client_id
    tenant_id       = data.azurerm_client_config.current.tenant_id
    subscription_id = data.azurerm_client_config.current.subscription_id
  }

  depends_on = [
    azurerm_federated_identity_credential.this,
    azurerm_role_assignment.plan,
    azurerm_role_assignment.plan_state,
  ]
}

output "apply" {
  description = "What a job that applies asks Entra for."
  value = {
    client_id       = azurerm_user_assigned_identity.this["apply"].client_id
    tenant_id       = data.azurerm_client_config.current.tenant_id
    subscription_id = data.azurerm_client_config.current.subscription_id
  }

  depends_on = [
    azurerm_federated_identity_credential.this,
    azurerm_role_assignment.apply,
    azurerm_role_assignment.apply_roles,
    azurerm_role_assignment.apply_state,
  ]
}

output "audience" {
  description = "What a job has its token made for."
  value       = local.audience
}

output "subjects" {
  description = "Which tokens each identity accepts."
  value       = local.subjects
}
