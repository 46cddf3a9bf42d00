# Roles that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_aws" {
  source = "../../modules/aws/ci-identity"

  name           = "<%= platform.name %>-kstack"
  forge          = <%= bootstrap.forge|hcl %>
#% if bootstrap.issuer
  issuer         = <%= bootstrap.issuer|hcl %>
#% endif
  repository     = <%= bootstrap.repository|hcl %>
  default_branch = <%= platform.default_branch|hcl %>
  deploy_tags    = [<% for tag in bootstrap.deploy_tags %><%= tag|hcl %><% if not loop.last %>, <% endif %><% endfor %>]
  state          = module.state.id
}
