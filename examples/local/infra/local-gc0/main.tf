module "cluster" {
  source = "../../modules/local/cluster"

  environment  = var.environment
  sandbox_home = var.kstack_home

  configuration = {
    apps = {
      name_prefix = "gc0"
      base_domain = "local.example.com"
    }

    # Everything is inherited from apps; only the difference is written here.
    ops = {}
  }
}
