module "cluster" {
  source = "../../modules/google/cluster"

  environment = var.environment
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name_prefix     = <%= cluster.name|hcl %>
      base_domain     = <%= platform.base_domain|hcl %>
      project         = <%= cluster.project|hcl %>
      region          = <%= cluster.region|hcl %>
#% if cluster.zones
      zones           = [<% for zone in cluster.zones %><%= zone|hcl %><% if not loop.last %>, <% endif %><% endfor %>]
#% endif
      release_channel = "REGULAR"

      network = {
#% if cluster.existing
        existing = {
          network        = <%= cluster.existing.network|hcl %>
          subnetwork     = <%= cluster.existing.subnetwork|hcl %>
          pods_range     = <%= cluster.existing.pods_range|hcl %>
          services_range = <%= cluster.existing.services_range|hcl %>
        }
#% else
        cidr = <%= cluster.cidr|hcl %>
#% endif
      }
    }
#% for environment in platform.environments if environment.name != platform.base

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here. Clusters of one project share
    # the identities of their services: a project per environment keeps them apart.
#% endif
    <%= environment.name %> = {
      release_channel = "RAPID"
    }
#% endfor
  }
}
