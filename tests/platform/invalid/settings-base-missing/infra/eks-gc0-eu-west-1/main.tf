terraform {
  backend "s3" {}
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    ops = {}
  }
}
