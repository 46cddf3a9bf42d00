output "settings" {
  description = "The settings with their defaults."
  value       = var.configuration
}

output "subnets" {
  description = "CIDRs of the own network's subnets (nodes, api_server) and the address of the cluster's DNS."
  value = {
    nodes          = local.nodes
    api_server     = local.api_server
    dns_service_ip = local.dns_service_ip
  }

  precondition {
    condition     = local.well_formed
    error_message = "Every network must be an IPv4 CIDR such as 10.0.0.0/16: ${join(", ", [for cidr in concat([local.network.cidr], local.given_cidrs) : cidr if !can(cidrnetmask(cidr))])}."
  }

  precondition {
    condition     = length(local.with_host_bits) == 0
    error_message = "A network has host bits set: ${join(", ", local.with_host_bits)}."
  }

  precondition {
    condition     = !local.well_formed || local.cut || local.network.existing != null || (local.network.subnets.nodes != null && local.network.subnets.api_server != null)
    error_message = "The network.cidr ${local.network.cidr} must be a /16 to /24 to be cut into subnets; or give both network.subnets.nodes and api_server."
  }

  precondition {
    condition     = length(local.outside) == 0
    error_message = "Subnets must lie in network.cidr ${local.network.cidr}: ${join(", ", local.outside)}."
  }

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "Networks must not overlap: ${join("; ", local.overlaps)}."
  }

  precondition {
    condition     = !local.well_formed || tonumber(split("/", local.network.pod_cidr)[1]) <= 24
    error_message = "The network.pod_cidr ${local.network.pod_cidr} must be a /24 or larger: each node takes a /24 of it."
  }

  precondition {
    condition = !local.well_formed || (
      can(cidrhost("${local.dns_service_ip}/32", 0)) &&
      try(cidrhost("${local.dns_service_ip}/${split("/", local.network.service_cidr)[1]}", 0) == cidrhost(local.network.service_cidr, 0) && local.dns_service_ip != cidrhost(local.network.service_cidr, 0) && local.dns_service_ip != cidrhost(local.network.service_cidr, 1), false)
    )
    error_message = "The network.dns_service_ip ${local.dns_service_ip} must lie in network.service_cidr ${local.network.service_cidr} and be neither its first nor its second address."
  }

  precondition {
    condition     = !local.well_formed || !var.configuration.endpoint.network_integration || local.network.existing != null || try(tonumber(split("/", local.api_server)[1]) <= 28, false)
    error_message = "The subnet of the API server, ${local.api_server}, must be a /28 or larger."
  }
}
