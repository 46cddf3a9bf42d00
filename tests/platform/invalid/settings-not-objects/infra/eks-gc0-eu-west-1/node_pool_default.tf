module "node_pool_default" {
  source = "../../modules/aws/cluster/node-pool"

  environment   = var.environment
  cluster       = module.cluster.node_pool_context
  configuration = []
}
