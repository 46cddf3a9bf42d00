module "cluster" {
  source = "../../modules/local/cluster"

  environment  = var.environment
  sandbox_home = var.kstack_home

  configuration_base_key = "prod"

  configuration = {
    prod = {
      name_prefix = "lab"
      base_domain = "fleet.example.com"
    }

    # Everything is inherited from prod; only the difference is written here.
    dev = {}

    staging = {}
  }
}
