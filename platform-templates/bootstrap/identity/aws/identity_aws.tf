# Roles that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_aws" {
  source = "../../modules/aws/ci-identity"

  name           = "<%= platform.name %>-kstack"
  forge          = <%= bootstrap.pipeline.forge|hcl %>
#% if bootstrap.pipeline.issuer
  issuer         = <%= bootstrap.pipeline.issuer|hcl %>
#% endif
  repository     = <%= bootstrap.pipeline.repository|hcl %>
  default_branch = <%= platform.default_branch|hcl %>
  deploy_tags    = [<% for tag in bootstrap.pipeline.deploy_tags %><%= tag|hcl %><% if not loop.last %>, <% endif %><% endfor %>]
  state          = module.state.id
}
