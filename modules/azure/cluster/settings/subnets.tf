# In the overlay only nodes and load balancers have addresses of the network. It is cut into sixteen equal parts: the
# second is the nodes', and the start of the first is the API server's. In 10.0.0.0/16 these are 10.0.16.0/20 and
# 10.0.0.0/28; what is left is for node pools with subnets of their own and for whatever else belongs there.
locals {
  network = var.configuration.network

  given_cidrs = concat(
    [for cidr in [local.network.subnets.nodes, local.network.subnets.api_server] : cidr if cidr != null],
    local.network.avoid_cidrs,
    [local.network.pod_cidr, local.network.service_cidr],
  )
  well_formed = alltrue([for cidr in concat([local.network.cidr], local.given_cidrs) : can(cidrnetmask(cidr))]) # refuses IPv6

  prefix_length = try(tonumber(split("/", local.network.cidr)[1]), 0)
  cut           = local.well_formed && local.prefix_length >= 16 && local.prefix_length <= 24

  nodes      = local.network.subnets.nodes != null ? local.network.subnets.nodes : local.cut ? cidrsubnet(local.network.cidr, 4, 1) : local.network.cidr
  api_server = local.network.subnets.api_server != null ? local.network.subnets.api_server : local.cut ? cidrsubnet(local.network.cidr, 28 - local.prefix_length, 0) : local.network.cidr

  dns_service_ip = local.network.dns_service_ip != null ? local.network.dns_service_ip : try(cidrhost(local.network.service_cidr, 10), "")

  # What the nodes' network itself takes. An existing one is checked where it is read.
  inside = local.network.existing == null ? concat([local.nodes], var.configuration.endpoint.network_integration ? [local.api_server] : []) : []
  own    = local.network.existing == null ? [local.network.cidr] : []

  outside = [for cidr in local.inside : cidr if local.well_formed && !try(
    tonumber(split("/", cidr)[1]) >= local.prefix_length &&
    cidrhost("${cidrhost(cidr, 0)}/${local.prefix_length}", 0) == cidrhost(local.network.cidr, 0),
    false
  )]

  # AKS keeps these to itself.
  reserved = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"]

  # Two networks overlap when they are the same after both are widened to the shorter prefix.
  apart = concat(local.own, [local.network.pod_cidr, local.network.service_cidr])
  pairs = concat(
    flatten([for i, a in local.apart : [for j, b in local.apart : { a = a, b = b } if i < j]]),
    flatten([for i, a in local.inside : [for j, b in local.inside : { a = a, b = b } if i < j]]),
    flatten([for a in local.apart : [for b in concat(local.network.avoid_cidrs, local.reserved) : { a = a, b = b }]]),
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
