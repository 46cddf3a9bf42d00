module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "acme.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      kubernetes_version = "1.36"

      network = {
        cidr = "10.0.0.0/16"
        nat  = "per_zone"
      }
    }

    # Everything is inherited from apps; only the difference is written here.
    dev = {
      network = { nat = "one" }
    }

    staging = {
      network = { nat = "one" }
    }
  }
}
