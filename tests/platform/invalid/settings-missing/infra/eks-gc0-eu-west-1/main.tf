terraform {
  backend "s3" {}
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      kubernetes_version = "1.33"

      access = {
        operators = {
          policy = "admin"
        }
      }
    }

    ops = {}
  }
}
