provider "azurerm" {
  subscription_id = "00000000-0000-0000-0000-000000000000"

  # The account has no keys: everybody comes in by role.
  storage_use_azuread = true

  # What this and the clusters are made of. A subscription knows them once they have been registered.
  resource_providers_to_register = [
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
  ]

  features {}
}
