module "state" {
  source = "../../modules/azure/state"

  resource_group_name  = <%= platform.state.resource_group_name|hcl %>
  location             = <%= bootstrap.azure.location|hcl %>
  storage_account_name = <%= platform.state.storage_account_name|hcl %>
  container_name       = <%= platform.state.container_name|hcl %>
}
