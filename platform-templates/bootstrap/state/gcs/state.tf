module "state" {
  source = "../../modules/google/state"

  project  = <%= bootstrap.google.project|hcl %>
  bucket   = <%= platform.state.bucket|hcl %>
  location = <%= bootstrap.google.location|hcl %>
}
