module "state" {
  source = "../../modules/aws/state"

  bucket = <%= platform.state.bucket|hcl %>
  region = <%= platform.state.region|hcl %>
}
