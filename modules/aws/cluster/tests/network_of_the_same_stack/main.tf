# A network, a key and a zone whose ids are known only after the apply, with a cluster and a pool that use them.

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
}

resource "aws_kms_key" "this" {
  enable_key_rotation = true
}

resource "aws_route53_zone" "this" {
  name = "platform.example.com"
}

module "cluster" {
  source = "../.."

  environment = "apps"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]

      secrets_encryption = { key_arn = aws_kms_key.this.arn }
      dns                = { parent_zone_id = aws_route53_zone.this.zone_id }

      network = {
        existing = {
          vpc_id          = aws_vpc.this.id
          node_subnet_ids = aws_subnet.this[*].id
        }
      }
    }
  }
}

module "node_pool" {
  source = "../../node-pool"

  environment = "apps"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = { name = "default", instance_types = ["m7g.large"], min_size = 1, max_size = 3 }
  }
}

output "cluster" {
  description = "The cluster, to see that the plan succeeds."
  value       = module.cluster.cluster
}
