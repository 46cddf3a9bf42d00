# An own network, unless the ids of an existing one are given:
# - one private subnet per zone for nodes, with a way out through NAT
# - one small private subnet per zone for the network interfaces of the control plane, with no way out
# - one small public subnet per zone for NAT and load balancers; no node ever gets a public address

locals {
  network  = local.settings.network
  existing = local.network.existing
  zones    = local.existing == null ? toset(local.settings.availability_zones) : toset([])
  subnets  = module.settings.subnets

  # With one gateway it stands in the first zone.
  nat_zones = {
    per_zone = local.zones
    one      = toset([for zone in slice(local.settings.availability_zones, 0, 1) : zone if contains(local.zones, zone)])
    none     = toset([])
  }[local.network.nat]

  vpc_id = local.existing == null ? aws_vpc.this[0].id : local.existing.vpc_id

  node_subnet_ids = (
    local.existing == null
    ? { for zone in local.zones : zone => [aws_subnet.nodes[zone].id] }
    : { for subnet in data.aws_subnet.existing : subnet.availability_zone => subnet.id... }
  )

  control_plane_subnet_ids = (
    local.existing == null
    ? [for zone in local.settings.availability_zones : aws_subnet.control_plane[zone].id]
    : coalesce(local.existing.control_plane_subnet_ids, local.existing.node_subnet_ids)
  )
}

resource "aws_vpc" "this" {
  count = local.existing == null ? 1 : 0

  cidr_block           = local.network.cidr
  enable_dns_hostnames = true # the private endpoint needs both
  enable_dns_support   = true

  tags = merge(local.tags, { Name = local.name })
}

# For subnets of single node pools, which make them.
resource "aws_vpc_ipv4_cidr_block_association" "this" {
  for_each = local.existing == null ? toset(local.network.secondary_cidrs) : toset([])

  vpc_id     = local.vpc_id
  cidr_block = each.key
}

# Nothing may use the default group by accident: here it allows nothing.
resource "aws_default_security_group" "this" {
  count = local.existing == null ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge(local.tags, { Name = "${local.name}-default" })
}

resource "aws_internet_gateway" "this" {
  count = local.existing == null ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge(local.tags, { Name = local.name })
}

resource "aws_subnet" "nodes" {
  for_each = local.zones

  vpc_id                  = local.vpc_id
  availability_zone       = each.key
  cidr_block              = local.subnets.nodes[each.key]
  map_public_ip_on_launch = false

  tags = merge(local.tags, {
    Name                              = "${local.name}-nodes-${each.key}"
    "kubernetes.io/role/internal-elb" = "1" # internal load balancers go here
  })
}

resource "aws_subnet" "control_plane" {
  for_each = local.zones

  vpc_id                  = local.vpc_id
  availability_zone       = each.key
  cidr_block              = local.subnets.control_plane[each.key]
  map_public_ip_on_launch = false

  tags = merge(local.tags, { Name = "${local.name}-control-plane-${each.key}" })
}

resource "aws_subnet" "public" {
  for_each = local.zones

  vpc_id                  = local.vpc_id
  availability_zone       = each.key
  cidr_block              = local.subnets.public[each.key]
  map_public_ip_on_launch = false

  tags = merge(local.tags, {
    Name                     = "${local.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1" # public load balancers go here
  })
}

resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"

  tags = merge(local.tags, { Name = "${local.name}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = merge(local.tags, { Name = "${local.name}-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "nodes" {
  for_each = local.zones

  vpc_id = local.vpc_id

  tags = merge(local.tags, { Name = "${local.name}-nodes-${each.key}" })
}

resource "aws_route" "nodes_out" {
  for_each = length(local.nat_zones) > 0 ? local.zones : toset([])

  route_table_id         = aws_route_table.nodes[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[contains(local.nat_zones, each.key) ? each.key : one(local.nat_zones)].id
}

resource "aws_route_table_association" "nodes" {
  for_each = local.zones

  route_table_id = aws_route_table.nodes[each.key].id
  subnet_id      = aws_subnet.nodes[each.key].id
}

resource "aws_route_table" "control_plane" {
  count = local.existing == null ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge(local.tags, { Name = "${local.name}-control-plane" })
}

resource "aws_route_table_association" "control_plane" {
  for_each = local.zones

  route_table_id = aws_route_table.control_plane[0].id
  subnet_id      = aws_subnet.control_plane[each.key].id
}

resource "aws_route_table" "public" {
  count = local.existing == null ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge(local.tags, { Name = "${local.name}-public" })
}

resource "aws_route" "public_out" {
  count = local.existing == null ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each = local.zones

  route_table_id = aws_route_table.public[0].id
  subnet_id      = aws_subnet.public[each.key].id
}

# By position, since the ids may be made in the same run and are not known before.
data "aws_subnet" "existing" {
  count = local.existing == null ? 0 : length(local.existing.node_subnet_ids)

  id = local.existing.node_subnet_ids[count.index]

  lifecycle {
    postcondition {
      condition     = self.vpc_id == local.existing.vpc_id
      error_message = "The subnet ${self.id} lies in ${self.vpc_id}, not in network.existing.vpc_id ${local.existing.vpc_id}."
    }

    postcondition {
      condition     = contains(local.settings.availability_zones, self.availability_zone)
      error_message = "The subnet ${self.id} lies in ${self.availability_zone}, which is none of the availability_zones ${join(", ", local.settings.availability_zones)}."
    }
  }
}
