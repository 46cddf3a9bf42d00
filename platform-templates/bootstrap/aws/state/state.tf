module "state" {
  source = "../../modules/aws/state"

  bucket = <%= platform.bucket|hcl %>
  region = <%= platform.region|hcl %>
}
