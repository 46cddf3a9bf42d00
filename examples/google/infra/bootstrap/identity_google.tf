# Service accounts that jobs of the pipeline become with a token of the forge; nobody holds a key. Pull requests can only
# read.
module "identity_google" {
  source = "../../modules/google/ci-identity"

  name           = "acme-kstack"
  project        = "acme-platform"
  forge          = "github"
  repository     = "acme/platform"
  default_branch = "main"
  deploy_tags    = ["apps-deploy-*"]

  state = module.state.id
}
