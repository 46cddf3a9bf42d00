# Ways to services of AWS that do not pass through NAT. Nodes without any other way out need the interface endpoints of
# those below; images must then come from ECR, with a pull-through cache for those of other registries.

locals {
  endpoints_of_nodes = [
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth", # pod identity
    "elasticloadbalancing",
    "logs",
    "sts",
  ]

  endpoints = local.existing != null ? [] : coalesce(local.network.endpoints, local.network.nat == "none" ? local.endpoints_of_nodes : [])
}

# Image layers come from S3: this way they do not pass through, and are not billed by, NAT.
resource "aws_vpc_endpoint" "s3" {
  count = local.existing == null ? 1 : 0

  vpc_id          = local.vpc_id
  service_name    = "com.amazonaws.${local.settings.region}.s3"
  route_table_ids = [for zone in local.settings.availability_zones : aws_route_table.nodes[zone].id]

  tags = merge(local.tags, { Name = "${local.name}-s3" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(local.endpoints)

  vpc_id              = local.vpc_id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${local.settings.region}.${each.key}"
  private_dns_enabled = true # the services' usual names lead here
  security_group_ids  = [aws_security_group.endpoints[0].id]
  subnet_ids          = [for zone in local.settings.availability_zones : aws_subnet.nodes[zone].id]

  tags = merge(local.tags, { Name = "${local.name}-${each.key}" })
}

resource "aws_security_group" "endpoints" {
  count = length(local.endpoints) > 0 ? 1 : 0

  name        = "${local.name}-endpoints"
  description = "Endpoints of AWS services in the network of the Kubernetes cluster ${local.name}"
  vpc_id      = local.vpc_id

  tags = merge(local.tags, { Name = "${local.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = length(local.endpoints) > 0 ? toset(module.settings.cidrs) : toset([])

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the network"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443

  tags = local.tags
}
