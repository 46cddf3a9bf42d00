module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration_base_key = "prod"

  configuration = {
    prod = {
      name_prefix        = "blue"
      base_domain        = "fleet.example.com"
      region             = "eu-central-1"
      availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
      kubernetes_version = "1.36"

      network = {
        cidr = "10.0.0.0/16"
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
