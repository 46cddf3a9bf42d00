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
        cidr         = "10.0.0.0/16"
        service_cidr = "172.20.0.0/16"
        avoid_cidrs  = ["10.0.128.0/20", "192.168.0.0/16"]
      }
    }

    ops = {
      network = {
        service_cidr = "192.168.4.0/24"

        subnets = {
          nodes         = ["10.0.16.0/20", "10.0.32.0/20", "10.0.48.0/20"]
          control_plane = ["10.0.0.0/24", "10.0.1.0/24", "10.3.2.0/24"]
          public        = ["10.0.8.0/24", "10.0.9.0/24", "10.0.16.0/24"]
        }
      }
    }
  }
}
