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
      kubernetes_version = "1.36"

      network = {
        cidr = <%= cluster.cidr|hcl %>
        nat  = "per_zone"
      }
    }
#% for environment in platform.environments if environment.name != platform.base

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here.
#% endif
    <%= environment.name %> = {
      network = { nat = "one" }
    }
#% endfor
  }
}
