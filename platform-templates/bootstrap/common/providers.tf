#% if bootstrap.aws
provider "aws" {
  region = <%= bootstrap.aws.region|hcl %>
}
#% endif
#% if bootstrap.google
#% if bootstrap.aws

#% endif
provider "google" {
  project = <%= bootstrap.google.project|hcl %>
  region  = <%= bootstrap.google.location|hcl %>
}
#% endif
#% if bootstrap.azure
#% if bootstrap.aws or bootstrap.google

#% endif
provider "azurerm" {
  subscription_id = <%= bootstrap.azure.subscription|hcl %>
#% if bootstrap.azure.tenant
  tenant_id       = <%= bootstrap.azure.tenant|hcl %>
#% endif
#% if platform.state.kind == "azurerm"

  # The account has no keys: everybody comes in by role.
  storage_use_azuread = true
#% endif

  # What this and the clusters are made of. A subscription knows them once they have been registered.
  resource_providers_to_register = [
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
#% if platform.state.kind == "azurerm"
    "Microsoft.Storage",
#% endif
  ]

  features {}
}
#% endif
