module "cluster" {
  source = "../../modules/azure/cluster"

  environment = var.environment
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
<%= [["name_prefix", cluster.name], ["base_domain", platform.base_domain], ["region", cluster.region], ["availability_zones", cluster.zones], ["kubernetes_version", cluster.kubernetes_version]]|attributes(6) %>

#% if cluster.existing
      # A network that is there already: nothing of it is made or changed. Nodes leave by its NAT gateway.
      network = {
        outbound = "nat_gateway"

        existing = {
          node_subnet_id = <%= cluster.existing.node_subnet_id|hcl %>
        }
      }
#% else
      network = {
        cidr     = <%= cluster.cidr|hcl %>
        outbound = "nat_gateway"
      }
#% endif
    }
#% for other in cluster.others

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here.
#% endif
    <%= other.environment %> = {
#% if other.existing
      network = {
        existing = {
          node_subnet_id = <%= other.existing.node_subnet_id|hcl %>
        }
      }

#% endif
      sku_tier    = "Free"
      system_pool = { min_size = 1, max_size = 3 }
    }
#% endfor
  }
}
