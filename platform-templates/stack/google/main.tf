module "cluster" {
  source = "../../modules/google/cluster"

  environment = var.environment
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
<%= [["name_prefix", cluster.name], ["base_domain", platform.base_domain], ["project", cluster.project], ["region", cluster.region], ["zones", cluster.zones or none], ["kubernetes_version", cluster.kubernetes_version], ["release_channel", "REGULAR"]]|attributes(6) %>

      network = {
#% if cluster.existing
        existing = {
<%= [["network", cluster.existing.network], ["subnetwork", cluster.existing.subnetwork], ["pods_range", cluster.existing.pods_range], ["services_range", cluster.existing.services_range]]|attributes(10) %>
        }
#% else
        cidr = <%= cluster.cidr|hcl %>
#% endif
      }
    }
#% for other in cluster.others

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here. Clusters of one project share
    # the identities of their services: a project per environment keeps them apart.
#% endif
    <%= other.environment %> = {
      release_channel = "RAPID"
#% if other.existing

      network = {
        existing = {
<%= [["network", other.existing.network], ["subnetwork", other.existing.subnetwork], ["pods_range", other.existing.pods_range], ["services_range", other.existing.services_range]]|attributes(10) %>
        }
      }
#% endif
    }
#% endfor
  }
}
