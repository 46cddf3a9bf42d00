module "node_pool_default" {
  source = "../../modules/aws/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 3
      max_size       = 9
    }

    ops = {}
  }
}
