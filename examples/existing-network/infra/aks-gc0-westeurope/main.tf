module "cluster" {
  source = "../../modules/azure/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "acme.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]

      # A network that is there already: nothing of it is made or changed. Nodes leave by its NAT gateway.
      network = {
        outbound = "nat_gateway"

        existing = {
          node_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/shared/subnets/clusters"
        }
      }
    }

    # Everything is inherited from apps; only the difference is written here.
    ops = {
      sku_tier    = "Free"
      system_pool = { min_size = 1, max_size = 3 }
    }
  }
}
