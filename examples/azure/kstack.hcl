# The platform: what kstack, the pipeline and the engines in the clusters go by.
# Commands that change this file edit it in place and keep its comments and layout.

kstack {
  version = "0.1.0" # the version that wrote the repository
}

platform "acme" {
  base_domain    = "acme.example.com"
  repository     = "https://git.acme.example.com/acme/platform" # what the engines pull
  default_branch = "main"
}

# The order in this file is the order of promotion.
environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "azurerm" {
  resource_group_name  = "acme-kstack-state"
  storage_account_name = "acmekstackstate"
  container_name       = "state"
}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

forge "gitea" {
  url = "https://git.acme.example.com"
}

pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
  # Nothing else is downloaded or started.
  providers = ["hashicorp/azurerm", "hashicorp/time"]

  # To destroy or replace one of these takes a word in the pull request.
  protect = [
    "azurerm_kubernetes_cluster",
    "azurerm_key_vault",
    "azurerm_key_vault_key",
    "azurerm_dns_zone",
    "azurerm_resource_group",
    "azurerm_virtual_network",
  ]
}
