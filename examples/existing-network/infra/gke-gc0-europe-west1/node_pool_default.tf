module "node_pool_default" {
  source = "../../modules/google/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 3
      max_size     = 9
    }

    ops = {
      min_size = 1
      max_size = 3
    }
  }
}
