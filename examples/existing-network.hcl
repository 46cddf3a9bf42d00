# Clusters in networks that are there already, in each cloud: their ids are given, and nothing of them is made or changed.

platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://github.com/acme/platform"
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"

  network {
    existing {
      vpc_id          = "vpc-0a1b2c3d4e5f60718"
      node_subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-1b2c3d4e5f607182a", "subnet-2c3d4e5f607182a3b"]
    }
  }

  # The validation environment has a network of its own.
  environment "ops" {
    network {
      existing {
        vpc_id          = "vpc-3d4e5f607182a3b4c"
        node_subnet_ids = ["subnet-3d4e5f607182a3b4c", "subnet-4e5f607182a3b4c5d", "subnet-5f607182a3b4c5d6e"]
      }
    }
  }
}

cluster "gc0" {
  provider = "google"
  region   = "europe-west1"
  project  = "acme-platform"

  network {
    existing {
      network        = "projects/acme-network/global/networks/shared"
      subnetwork     = "projects/acme-network/regions/europe-west1/subnetworks/clusters"
      pods_range     = "pods"
      services_range = "services"
    }
  }
}

cluster "gc0" {
  provider     = "azure"
  region       = "westeurope"
  subscription = "00000000-0000-0000-0000-000000000000"

  network {
    existing {
      node_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/shared/subnets/clusters"
    }
  }
}
