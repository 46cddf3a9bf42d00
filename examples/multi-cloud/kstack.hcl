# The platform: what kstack, the pipeline and the engines in the clusters go by.
# Commands that change this file edit it in place and keep its comments and layout.

kstack {
  version = "0.1.0" # the version that wrote the repository
}

platform "acme" {
  base_domain    = "acme.example.com"
  repository     = "https://gitlab.com/acme/platform" # what the engines pull
  default_branch = "main"
}

# The order in this file is the order of promotion.
environment "dev" {
  trigger = "branch:main"
}

environment "staging" {
  trigger = "tag:staging-*"
}

environment "apps" {
  trigger   = "tag:release-*"
  protected = true

  state "s3" {
    bucket = "acme-kstack-state-apps"
    region = "eu-west-1"
  }
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

forge "gitlab" {}

pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
  # Nothing else is downloaded or started.
  providers = ["hashicorp/aws", "hashicorp/google", "hashicorp/azurerm", "hashicorp/time"]

  # To destroy or replace one of these takes a word in the pull request.
  protect = [
    "aws_eks_cluster",
    "aws_kms_key",
    "aws_route53_zone",
    "aws_vpc",
    "google_container_cluster",
    "google_kms_key_ring",
    "google_kms_crypto_key",
    "google_dns_managed_zone",
    "google_compute_network",
    "azurerm_kubernetes_cluster",
    "azurerm_key_vault",
    "azurerm_key_vault_key",
    "azurerm_dns_zone",
    "azurerm_resource_group",
    "azurerm_virtual_network",
  ]
}
