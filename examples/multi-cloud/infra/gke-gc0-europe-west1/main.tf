module "cluster" {
  source = "../../modules/google/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix     = "gc0"
      base_domain     = "acme.example.com"
      project         = "acme-platform"
      region          = "europe-west1"
      zones           = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
      release_channel = "REGULAR"

      network = {
        cidr = "10.1.0.0/16"
      }
    }

    # Everything is inherited from apps; only the difference is written here. Clusters of one project share
    # the identities of their services: a project per environment keeps them apart.
    dev = {
      release_channel = "RAPID"
    }

    staging = {
      release_channel = "RAPID"
    }
  }
}
