module "state" {
  source = "../../modules/aws/state"

  bucket = "acme-kstack-state"
  region = "eu-west-1"
}
