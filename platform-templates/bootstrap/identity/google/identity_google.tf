# Service accounts that jobs of the pipeline become with a token of the forge; nobody holds a key. Pull requests can only
# read.
module "identity_google" {
  source = "../../modules/google/ci-identity"

<%= [["name", platform.name ~ "-kstack"], ["project", bootstrap.google.project], ["forge", bootstrap.pipeline.forge], ["issuer", bootstrap.pipeline.issuer], ["repository", bootstrap.pipeline.repository], ["default_branch", platform.default_branch], ["deploy_tags", bootstrap.pipeline.deploy_tags]]|attributes(2) %>

  state = module.state.id
}
