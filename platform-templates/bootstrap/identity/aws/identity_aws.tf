# Roles that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_aws" {
  source = "../../modules/aws/ci-identity"

<%= [["name", platform.name ~ "-kstack"], ["forge", bootstrap.pipeline.forge], ["issuer", bootstrap.pipeline.issuer], ["repository", bootstrap.pipeline.repository], ["default_branch", platform.default_branch], ["deploy_tags", bootstrap.pipeline.deploy_tags], ["apply_environment", bootstrap.pipeline.environment]]|attributes(2) %>
#% if platform.state.kind == "s3"

  state = module.state.id
#% endif
}
