module "node_pool_default" {
  source = "../../modules/azure/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name     = "default"
      vm_size  = <%= cluster.pool.instance_type|hcl %>
      min_size = <%= cluster.pool.min %>
      max_size = <%= cluster.pool.max %>
    }
#% for other in cluster.others

#% if other.differs
    <%= other.environment %> = {
<%= [["vm_size", other.instance_type], ["min_size", other.min], ["max_size", other.max]]|attributes(6) %>
    }
#% else
    <%= other.environment %> = {}
#% endif
#% endfor
  }
}
