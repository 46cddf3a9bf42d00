output "settings" {
  description = "The settings with their defaults."
  value       = var.configuration
}

output "ranges" {
  description = "CIDRs of nodes, pods and Services, and those of control plane and proxies or null; not used when there is an existing network."
  value       = local.ranges

  precondition {
    condition     = local.well_formed
    error_message = "Every network must be an IPv4 CIDR such as 10.0.0.0/16: ${join(", ", [for cidr in local.all_given : cidr if !can(cidrnetmask(cidr))])}."
  }

  precondition {
    condition     = length(local.with_host_bits) == 0
    error_message = "A network has host bits set: ${join(", ", local.with_host_bits)}."
  }

  precondition {
    condition     = !local.well_formed || local.cut || local.network.existing != null || (local.network.nodes_cidr != null && local.network.pods_cidr != null && local.network.services_cidr != null)
    error_message = "The network.cidr ${local.network.cidr} must be a /12 to /20 to be cut into ranges; or give all of network.nodes_cidr, pods_cidr and services_cidr."
  }

  precondition {
    condition     = !local.well_formed || local.network.control_plane_cidr == null || endswith(coalesce(local.network.control_plane_cidr, "none"), "/28")
    error_message = "The network.control_plane_cidr must be a /28."
  }

  precondition {
    condition     = local.network.existing != null || length(local.overlaps) == 0
    error_message = "Networks must not overlap: ${join("; ", local.overlaps)}."
  }

  precondition {
    condition     = local.network.existing != null || !local.well_formed || !local.cut || local.most_nodes >= 2
    error_message = "The range of the pods ${local.ranges.pods} has room for ${local.most_nodes} nodes with network.max_pods_per_node ${local.network.max_pods_per_node}."
  }
}
