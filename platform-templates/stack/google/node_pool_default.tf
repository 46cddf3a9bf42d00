module "node_pool_default" {
  source = "../../modules/google/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 3
      max_size     = 9
    }
#% for environment in platform.environments if environment.name != platform.base

    <%= environment.name %> = {
      min_size = 1
      max_size = 3
    }
#% endfor
  }
}
