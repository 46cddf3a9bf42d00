terraform {
  backend "s3" {}
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc1"
      base_domain        = "acme.example.com"
      region             = "us-east-1"
      availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
      kubernetes_version = "1.33"

      network = {
        cidr = "10.0.128.0/17"
      }
    }

    ops = {
      network = { cidr = "10.1.0.0/16" }
    }
  }
}
