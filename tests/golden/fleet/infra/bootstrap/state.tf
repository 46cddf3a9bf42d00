module "state" {
  source = "../../modules/aws/state"

  bucket = "fleet-state"
  region = "eu-central-1"
}
