module "node_pool_default" {
  source = "../../modules/azure/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name     = "default"
      vm_size  = "Standard_D4ds_v5"
      min_size = 3
      max_size = 9
    }

    ops = {
      min_size = 1
      max_size = 3
    }
  }
}
