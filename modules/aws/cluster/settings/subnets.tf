# The network is cut into equal parts: sixteen large blocks, of which the first is cut into sixteen again. Nodes get
# a large block per zone; control plane and load balancers get a small one. In 10.0.0.0/16 these are 10.0.16.0/20,
# 10.0.0.0/24 and 10.0.8.0/24 for the first zone.
locals {
  network = var.configuration.network
  zones   = var.configuration.availability_zones

  well_formed = alltrue([for cidr in concat([local.network.cidr], local.given_cidrs) : can(cidrnetmask(cidr))]) # refuses IPv6
  given_cidrs = concat(
    coalesce(local.network.subnets.nodes, []),
    coalesce(local.network.subnets.control_plane, []),
    coalesce(local.network.subnets.public, []),
    local.network.avoid_cidrs,
    local.network.secondary_cidrs,
    local.service_cidrs,
  )
  service_cidrs = local.network.service_cidr == null ? [] : [local.network.service_cidr]

  prefix_length = try(tonumber(split("/", local.network.cidr)[1]), 0)
  cut           = local.well_formed && local.prefix_length >= 16 && local.prefix_length <= 20

  nodes         = local.network.subnets.nodes != null ? local.network.subnets.nodes : [for i, zone in local.zones : cidrsubnet(local.network.cidr, 4, i + 1) if local.cut]
  control_plane = local.network.subnets.control_plane != null ? local.network.subnets.control_plane : [for i, zone in local.zones : cidrsubnet(local.network.cidr, 8, i) if local.cut]
  public        = local.network.subnets.public != null ? local.network.subnets.public : [for i, zone in local.zones : cidrsubnet(local.network.cidr, 8, i + 8) if local.cut]

  # Subnets, which must lie in the VPC and beside each other, and whole networks, which must lie beside each other.
  inside = concat(local.nodes, local.control_plane, local.public)
  apart  = concat([local.network.cidr], local.network.secondary_cidrs, local.service_cidrs, local.network.avoid_cidrs)

  outside = [for cidr in local.inside : cidr if local.well_formed && !try(
    tonumber(split("/", cidr)[1]) >= local.prefix_length &&
    cidrhost("${cidrhost(cidr, 0)}/${local.prefix_length}", 0) == cidrhost(local.network.cidr, 0),
    false
  )]

  # Two networks overlap when they are the same after both are widened to the shorter prefix.
  # Networks to be avoided may overlap each other: they are not ours.
  pairs = concat(
    flatten([for i, a in local.inside : [for j, b in local.inside : { a = a, b = b } if i < j]]),
    flatten([for i, a in local.apart : [for j, b in local.apart : { a = a, b = b } if i < j && i < length(local.apart) - length(local.network.avoid_cidrs)]]),
  )
  overlaps = [
    for pair in local.pairs : "${pair.a} and ${pair.b}"
    if local.well_formed && try(
      cidrhost("${cidrhost(pair.a, 0)}/${min([for cidr in [pair.a, pair.b] : tonumber(split("/", cidr)[1])]...)}", 0) ==
      cidrhost("${cidrhost(pair.b, 0)}/${min([for cidr in [pair.a, pair.b] : tonumber(split("/", cidr)[1])]...)}", 0),
      false
    )
  ]

  with_host_bits = [
    for cidr in concat([local.network.cidr], local.given_cidrs) : "${cidr} (did you mean ${cidrhost(cidr, 0)}/${split("/", cidr)[1]}?)"
    if local.well_formed && try(cidrhost(cidr, 0) != split("/", cidr)[0], false)
  ]
}
