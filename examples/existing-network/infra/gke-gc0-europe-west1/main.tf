module "cluster" {
  source = "../../modules/google/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix     = "gc0"
      base_domain     = "acme.example.com"
      project         = "acme-platform"
      region          = "europe-west1"
      release_channel = "REGULAR"

      network = {
        existing = {
          network        = "projects/acme-network/global/networks/shared"
          subnetwork     = "projects/acme-network/regions/europe-west1/subnetworks/clusters"
          pods_range     = "pods"
          services_range = "services"
        }
      }
    }

    # Everything is inherited from apps; only the difference is written here. Clusters of one project share
    # the identities of their services: a project per environment keeps them apart.
    ops = {
      release_channel = "RAPID"
    }
  }
}
