module "cluster" {
  source = "../../modules/local/cluster"

  environment  = var.environment
  sandbox_home = var.kstack_home

  configuration_base_key = "live"

  configuration = {
    live = {
      name_prefix = "one"
      base_domain = "single.example.com"
    }
  }
}
