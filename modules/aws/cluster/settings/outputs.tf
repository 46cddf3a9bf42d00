output "settings" {
  description = "The settings with their defaults."
  value       = var.configuration
}

output "subnets" {
  description = "CIDR of every subnet by use (nodes, control_plane, public) and availability zone; not checked when there is an existing network."
  value = {
    nodes         = { for i, zone in local.zones : zone => local.nodes[i] if i < length(local.nodes) }
    control_plane = { for i, zone in local.zones : zone => local.control_plane[i] if i < length(local.control_plane) }
    public        = { for i, zone in local.zones : zone => local.public[i] if i < length(local.public) }
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
    condition     = !local.well_formed || local.cut || (local.network.subnets.nodes != null && local.network.subnets.control_plane != null && local.network.subnets.public != null)
    error_message = "The network.cidr ${local.network.cidr} must be a /16 to /20 to be cut into subnets; or give all of network.subnets.nodes, control_plane and public."
  }

  precondition {
    condition     = alltrue([for cidrs in [local.network.subnets.nodes, local.network.subnets.control_plane, local.network.subnets.public] : cidrs == null || try(length(cidrs) == length(local.zones), false)])
    error_message = "Each list in network.subnets needs one CIDR per availability zone, in their order: ${join(", ", local.zones)}."
  }

  precondition {
    condition     = local.network.existing != null || length(local.outside) == 0
    error_message = "Subnets must lie in network.cidr ${local.network.cidr}: ${join(", ", local.outside)}."
  }

  precondition {
    condition     = local.network.existing != null || length(local.overlaps) == 0
    error_message = "Networks must not overlap: ${join("; ", local.overlaps)}."
  }
}

output "cidrs" {
  description = "All CIDRs of the VPC, the first of them its own; not checked when there is an existing network."
  value       = concat([local.network.cidr], local.network.secondary_cidrs)

  precondition {
    condition     = !local.well_formed || alltrue([for cidr in local.network.secondary_cidrs : try(tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)])
    error_message = "Each of network.secondary_cidrs must be a /16 to /28."
  }
}
