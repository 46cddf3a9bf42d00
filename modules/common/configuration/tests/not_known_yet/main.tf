# A configuration that holds values which are known only after the apply: everything else must stay known, so that
# modules can still decide with it what they create.

resource "terraform_data" "network" {
  input = "vpc-1"
}

module "configuration" {
  source = "../.."

  environment = "ops"

  configuration = {
    apps = {
      network = { cidr = "10.0.0.0/16", existing = { vpc_id = terraform_data.network.output } }
      pools   = { a = 1, b = 2 }
    }

    ops = {
      network = { cidr = "10.1.0.0/16" }
      pools   = { b = null, c = terraform_data.network.id }
    }
  }
}

resource "terraform_data" "pool" {
  for_each = module.configuration.current.pools

  input = each.value
}

output "cidr" {
  description = "Known during the plan, although its neighbour is not."
  value       = module.configuration.current.network.cidr
}

output "pools" {
  description = "Names of the pools that the plan creates."
  value       = sort(keys(terraform_data.pool))
}
