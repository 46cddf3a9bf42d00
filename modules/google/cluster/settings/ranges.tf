# The network is cut into sixteen equal parts, which keeps its upper half whole for the pods: nodes get the first
# part, Services the second, and the others stay free for control_plane_cidr and proxy_cidr. In 10.0.0.0/16 these are
# 10.0.0.0/20, 10.0.16.0/20 and, for pods, 10.0.128.0/17. Ranges that are given may also lie elsewhere.
locals {
  network = var.configuration.network

  # What was given, by the name of its setting.
  given = {
    for key, cidr in {
      cidr               = local.network.cidr
      nodes_cidr         = local.network.nodes_cidr
      pods_cidr          = local.network.pods_cidr
      services_cidr      = local.network.services_cidr
      control_plane_cidr = local.network.control_plane_cidr
      proxy_cidr         = local.network.proxy_cidr
    } : key => cidr if cidr != null
  }
  all_given   = concat(values(local.given), values(local.network.pod_ranges), local.network.avoid_cidrs)
  well_formed = alltrue([for cidr in local.all_given : can(cidrnetmask(cidr))]) # refuses IPv6

  prefix_length = try(tonumber(split("/", local.network.cidr)[1]), 0)
  cut           = local.well_formed && local.prefix_length >= 12 && local.prefix_length <= 20

  ranges = {
    nodes         = local.network.nodes_cidr != null ? local.network.nodes_cidr : local.cut ? cidrsubnet(local.network.cidr, 4, 0) : ""
    services      = local.network.services_cidr != null ? local.network.services_cidr : local.cut ? cidrsubnet(local.network.cidr, 4, 1) : ""
    pods          = local.network.pods_cidr != null ? local.network.pods_cidr : local.cut ? cidrsubnet(local.network.cidr, 1, 1) : ""
    control_plane = local.network.control_plane_cidr
    proxy         = local.network.proxy_cidr
  }

  # Each by a name for messages.
  apart = merge(
    { for use, cidr in local.ranges : use => cidr if cidr != null && cidr != "" },
    { for name, cidr in local.network.pod_ranges : "pod_ranges.${name}" => cidr },
    { for i, cidr in local.network.avoid_cidrs : "avoid_cidrs[${i}]" => cidr },
  )
  names = keys(local.apart)

  pairs = flatten([
    for i, a in local.names : [
      for j, b in local.names : { a = a, b = b }
      if i < j && !(startswith(a, "avoid_") && startswith(b, "avoid_")) # those are somebody else's business
    ]
  ])

  # Two networks overlap when they are the same after both are widened to the shorter prefix.
  overlaps = [
    for pair in local.pairs : "${pair.a} ${local.apart[pair.a]} and ${pair.b} ${local.apart[pair.b]}"
    if local.well_formed && try(
      cidrhost("${cidrhost(local.apart[pair.a], 0)}/${min([for name in [pair.a, pair.b] : tonumber(split("/", local.apart[name])[1])]...)}", 0) ==
      cidrhost("${cidrhost(local.apart[pair.b], 0)}/${min([for name in [pair.a, pair.b] : tonumber(split("/", local.apart[name])[1])]...)}", 0),
      false
    )
  ]

  with_host_bits = [
    for cidr in local.all_given : "${cidr} (did you mean ${cidrhost(cidr, 0)}/${split("/", cidr)[1]}?)"
    if local.well_formed && try(cidrhost(cidr, 0) != split("/", cidr)[0], false)
  ]

  # A node takes twice as many addresses as it may run pods, rounded up to a power of two: GKE's rule.
  addresses_per_node = pow(2, ceil(log(local.network.max_pods_per_node * 2, 2)))
  most_nodes         = local.well_formed && local.ranges.pods != "" ? floor(pow(2, 32 - try(tonumber(split("/", local.ranges.pods)[1]), 32)) / local.addresses_per_node) : 0
}
