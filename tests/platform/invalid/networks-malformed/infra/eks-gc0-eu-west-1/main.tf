terraform {
  backend "s3" {}
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "acme.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      kubernetes_version = "1.33"

      network = {
        cidr        = "10.0.0.0/33"
        avoid_cidrs = ["10.1.0.0", "10.2.3.0/16"]
      }

      endpoint = {
        public_cidrs = ["anywhere"]
      }
    }

    ops = {}
  }
}
