module "state" {
  source = "../../modules/azure/state"

  resource_group_name  = "acme-kstack-state"
  location             = "westeurope"
  storage_account_name = "acmekstackstate"
  container_name       = "state"
}
