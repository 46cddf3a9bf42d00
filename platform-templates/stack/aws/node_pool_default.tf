module "node_pool_default" {
  source = "../../modules/aws/cluster/node-pool"

  environment = var.environment
  cluster     = module.cluster.node_pool_context
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name           = "default"
      instance_types = [<%= cluster.pool.instance_type|hcl %>]
      min_size       = <%= cluster.pool.min %>
      max_size       = <%= cluster.pool.max %>
    }
#% for other in cluster.others

#% if other.differs
    <%= other.environment %> = {
<%= [["instance_types", [other.instance_type] if other.instance_type else none], ["min_size", other.min], ["max_size", other.max]]|attributes(6) %>
    }
#% else
    <%= other.environment %> = {}
#% endif
#% endfor
  }
}
