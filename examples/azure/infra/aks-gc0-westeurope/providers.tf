provider "azurerm" {
  subscription_id = "00000000-0000-0000-0000-000000000000"

  # What a cluster is made of. A subscription knows them once they have been registered, which only the first run does:
  # after that a plan needs no right to.
  resource_providers_to_register = [
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
  ]

  features {}
}
