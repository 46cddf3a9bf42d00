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

  # What clusters call. Nobody has opened it before this.
  services = [
    "artifactregistry.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "sts.googleapis.com",
  ]
}
