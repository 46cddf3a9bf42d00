module "node_pool_gpu" {
  source = "../../modules/aws/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name           = "gpu"
      instance_types = ["m7g.large"]
      min_size       = 3
      max_size       = 9
    }

    ops = {
      max_size = 2
    }
  }
}
