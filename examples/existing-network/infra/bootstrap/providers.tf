provider "aws" {
  region = "eu-west-1"
}

provider "google" {
  project = "acme-platform"
  region  = "europe-west1"
}

provider "azurerm" {
  subscription_id = "00000000-0000-0000-0000-000000000000"

  # What this and the clusters are made of. A subscription knows them once they have been registered.
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
