module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration_base_key = "prod"

  configuration = {
    prod = {
      name_prefix        = "green"
      base_domain        = "fleet.example.com"
      region             = "us-east-1"
      availability_zones = ["us-east-1a", "us-east-1b"]
      kubernetes_version = "1.36"

      network = {
        cidr = "10.1.0.0/16"
        nat  = "per_zone"
      }
    }

    # Everything is inherited from prod; only the difference is written here.
    dev = {
      network = { nat = "one" }
    }

    staging = {
      network = { nat = "one" }
    }
  }
}
