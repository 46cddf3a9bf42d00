# Nothing may be stored before the account is as it must be.

output "backend" {
  description = "Settings of Terraform's `azurerm` backend, by its own argument names."
  value = {
    resource_group_name  = azurerm_resource_group.this.name
    storage_account_name = azurerm_storage_account.this.name
    container_name       = azurerm_storage_container.this.name
    use_azuread_auth     = true # by role: the account has no keys
  }

  depends_on = [
    azurerm_storage_management_policy.this,
    time_sleep.creator,
  ]
}

output "plan_store" {
  description = "Where kstack keeps plans, as `plan_store` of kstack.hcl writes it."
  value       = "az://${azurerm_storage_account.this.name}/${azurerm_storage_container.this.name}/kstack/plans"
}

output "id" {
  description = "What identities are granted access to: the `state` input of ci-identity."
  value = {
    resource_group_id = azurerm_resource_group.this.id
    container_id      = azurerm_storage_container.this.id
  }
}
