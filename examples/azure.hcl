# One cluster in Azure, reviewed in a Gitea of one's own.

platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://git.acme.example.com/acme/platform"
}

state "azurerm" {
  resource_group_name  = "acme-kstack-state"
  storage_account_name = "acmekstackstate"
  container_name       = "state"
}

forge "gitea" {
  url = "https://git.acme.example.com"
}

cluster "gc0" {
  provider     = "azure"
  region       = "westeurope"
  subscription = "00000000-0000-0000-0000-000000000000"
}
