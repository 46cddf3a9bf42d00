# Roles that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_aws" {
  source = "../../modules/aws/ci-identity"

  name           = "acme-kstack"
  forge          = "gitlab"
  repository     = "acme/platform"
  default_branch = "main"
  deploy_tags    = ["staging-*", "release-*"]

  state = module.state.id
}
