# Subnets of this pool alone, where its pods must not take the addresses of other pools: usually in one of the cluster's
# network.secondary_cidrs. They take the same way out as the cluster's own.

locals {
  own_cidrs = coalesce(local.settings.subnet_cidrs, [])
  own_zones = length(local.own_cidrs) == 0 || var.cluster.network == null ? {} : { for i, zone in local.zones : zone => local.own_cidrs[i] if i < length(local.own_cidrs) }
  network   = coalesce(var.cluster.network, { vpc_id = null, cidrs = [], subnet_cidrs = [], route_table_ids = {} })

  # Two networks overlap when they are the same after both are widened to the shorter prefix; one lies in the other when,
  # besides, its own prefix is the longer one.
  prefix_of = { for cidr in distinct(concat(local.own_cidrs, local.network.cidrs, local.network.subnet_cidrs)) : cidr => tonumber(split("/", cidr)[1]) }
  outside = [
    for cidr in local.own_cidrs : cidr
    if !anytrue([for whole in local.network.cidrs : local.prefix_of[cidr] >= local.prefix_of[whole] && cidrhost("${cidrhost(cidr, 0)}/${local.prefix_of[whole]}", 0) == cidrhost(whole, 0)])
  ]
  overlaps = flatten([
    for i, a in local.own_cidrs : [
      for b in concat(slice(local.own_cidrs, 0, i), local.network.subnet_cidrs) : "${a} and ${b}"
      if cidrhost("${cidrhost(a, 0)}/${min(local.prefix_of[a], local.prefix_of[b])}", 0) == cidrhost("${cidrhost(b, 0)}/${min(local.prefix_of[a], local.prefix_of[b])}", 0)
    ]
  ])
}

resource "aws_subnet" "this" {
  for_each = local.own_zones

  vpc_id                  = local.network.vpc_id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(local.tags, { Name = "${local.full}-${each.key}" })

  lifecycle {
    create_before_destroy = true # as the nodes in them
  }
}

resource "aws_route_table_association" "this" {
  for_each = local.own_zones

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = lookup(local.network.route_table_ids, each.key, null) # null is refused by the node group

  lifecycle {
    create_before_destroy = true
  }
}
