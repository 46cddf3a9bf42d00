# Service accounts that jobs of the pipeline become with a token of the forge; nobody holds a key. Pull requests can only
# read.
module "identity_google" {
  source = "../../modules/google/ci-identity"

<%= [["name", (platform.name ~ "-kstack")|within(24)], ["project", bootstrap.google.project], ["projects", bootstrap.google.projects], ["forge", bootstrap.pipeline.forge], ["issuer", bootstrap.pipeline.issuer], ["repository", bootstrap.pipeline.repository], ["default_branch", platform.default_branch], ["deploy_tags", bootstrap.pipeline.deploy_tags]]|attributes(2) %>
#% if platform.state.kind == "gcs"

  state = module.state.id
#% endif
#% if platform.state.kind != "gcs" or bootstrap.google.projects

  # What clusters call. Nobody has opened it<% if bootstrap.google.projects %> in all of the projects<% endif %> before this.
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
#% endif
}
