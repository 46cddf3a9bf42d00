module "cluster" {
  source = "../../modules/azure/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "acme.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]

      network = {
        cidr     = "10.64.0.0/16"
        outbound = "nat_gateway"
      }
    }

    # Everything is inherited from apps; only the difference is written here.
    dev = {
      sku_tier    = "Free"
      system_pool = { min_size = 1, max_size = 3 }
    }

    staging = {
      sku_tier    = "Free"
      system_pool = { min_size = 1, max_size = 3 }
    }
  }
}
