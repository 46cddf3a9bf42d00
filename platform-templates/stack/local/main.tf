module "cluster" {
  source = "../../modules/local/cluster"

  environment  = var.environment
  sandbox_home = var.kstack_home
#% if platform.base != "apps"

  configuration_base_key = <%= platform.base|hcl %>
#% endif

  configuration = {
    <%= platform.base %> = {
      name_prefix = <%= cluster.name|hcl %>
      base_domain = <%= platform.base_domain|hcl %>
    }
#% for environment in platform.environments if environment.name != platform.base

#% if loop.first
    # Everything is inherited from <%= platform.base %>; only the difference is written here.
#% endif
    <%= environment.name %> = {}
#% endfor
  }
}
