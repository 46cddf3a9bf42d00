module "cluster" {
  source = "../../modules/aws/cluster"

  environment = var.environment

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "acme.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      kubernetes_version = "1.36"

      # A network that is there already: nothing of it is made or changed.
      network = {
        existing = {
          vpc_id          = "vpc-0a1b2c3d4e5f60718"
          node_subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-1b2c3d4e5f607182a", "subnet-2c3d4e5f607182a3b"]
        }
      }
    }

    # Everything is inherited from apps; only the difference is written here.
    ops = {
      network = {
        existing = {
          vpc_id          = "vpc-3d4e5f607182a3b4c"
          node_subnet_ids = ["subnet-3d4e5f607182a3b4c", "subnet-4e5f607182a3b4c5d", "subnet-5f607182a3b4c5d6e"]
        }
      }
    }
  }
}
