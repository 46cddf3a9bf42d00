module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name_prefix        = <%= cluster.name|hcl %>
      base_domain        = <%= platform.base_domain|hcl %>
      region             = <%= cluster.region|hcl %>
      availability_zones = [<% for zone in cluster.zones %><%= zone|hcl %><% if not loop.last %>, <% endif %><% endfor %>]
      kubernetes_version = <%= cluster.kubernetes_version|hcl %>

#% if cluster.existing
      # A network that is there already: nothing of it is made or changed.
      network = {
        existing = {
<%= [["vpc_id", cluster.existing.vpc_id], ["node_subnet_ids", cluster.existing.node_subnet_ids], ["control_plane_subnet_ids", cluster.existing.control_plane_subnet_ids]]|attributes(10) %>
        }
      }
#% else
      network = {
        cidr = <%= cluster.cidr|hcl %>
        nat  = "per_zone"
      }
#% endif
    }
#% for other in cluster.others

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here.
#% endif
#% if other.existing
    <%= other.environment %> = {
      network = {
        existing = {
<%= [["vpc_id", other.existing.vpc_id], ["node_subnet_ids", other.existing.node_subnet_ids], ["control_plane_subnet_ids", other.existing.control_plane_subnet_ids]]|attributes(10) %>
        }
      }
    }
#% elif cluster.existing
    <%= other.environment %> = {}
#% else
    <%= other.environment %> = {
      network = { nat = "one" }
    }
#% endif
#% endfor
  }
}
