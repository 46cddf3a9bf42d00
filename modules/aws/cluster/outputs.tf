output "cluster" {
  description = "How to reach the cluster: name, provider, region, endpoint, ca_certificate (base64, as in a kubeconfig), version and auth. No credential: auth names what a short-lived one is asked for."
  value = {
    name           = aws_eks_cluster.this.name
    provider       = "aws"
    region         = local.settings.region
    endpoint       = aws_eks_cluster.this.endpoint
    ca_certificate = aws_eks_cluster.this.certificate_authority[0].data
    version        = aws_eks_cluster.this.version

    auth = {
      type         = "aws"
      cluster_name = aws_eks_cluster.this.name
      region       = local.settings.region
    }
  }

  # The network and the rights that make the endpoint useful.
  depends_on = [
    aws_eks_access_policy_association.this,
    aws_route.nodes_out,
    aws_route_table_association.nodes,
  ]
}

output "current_config" {
  description = "Effective settings of the environment, after inheritance."
  value       = module.configuration.current
}

output "current_metadata" {
  description = "Names of the cluster: name, fqdn, domain, labels and tags."
  value       = module.metadata.current_metadata
}

output "network" {
  description = "Network of the cluster: VPC, subnets, security group of control plane and nodes, and the addresses that nodes have outside."
  value = {
    vpc_id                    = local.vpc_id
    node_subnet_ids           = local.node_subnet_ids
    control_plane_subnet_ids  = local.control_plane_subnet_ids
    public_subnet_ids         = [for zone in sort(local.zones) : aws_subnet.public[zone].id]
    cluster_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
    nat_addresses             = [for zone in sort(local.nat_zones) : aws_eip.nat[zone].public_ip]
  }
}

output "identity" {
  description = "OIDC issuer and its provider in IAM (null if off), the node role, and the roles of service accounts."
  value = {
    issuer            = aws_eks_cluster.this.identity[0].oidc[0].issuer
    oidc_provider_arn = one(aws_iam_openid_connect_provider.this[*].arn)
    node_role_arn     = aws_iam_role.node.arn
    service_role_arns = { for key, role in aws_iam_role.pod : key => role.arn }
  }
}

output "dns" {
  description = "DNS zone of the cluster and its name servers; null without one."
  value = local.has_zone ? {
    zone_id      = local.zone_id
    zone_name    = local.own_zone ? module.metadata.fqdn : data.aws_route53_zone.existing[0].name
    name_servers = local.own_zone ? aws_route53_zone.this[0].name_servers : data.aws_route53_zone.existing[0].name_servers
  } : null
}

output "node_pool_context" {
  description = "What node pools must know about the cluster: their input `cluster`."
  value = {
    name               = aws_eks_cluster.this.name
    kubernetes_version = aws_eks_cluster.this.version
    node_role_arn      = aws_iam_role.node.arn
    node_subnet_ids    = local.node_subnet_ids
    endpoint           = aws_eks_cluster.this.endpoint
    ca_certificate     = aws_eks_cluster.this.certificate_authority[0].data
    service_cidr       = aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr
    security_group_id  = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
    labels             = module.metadata.labels
    tags               = local.tags

    # Where a pool can make subnets of its own; null in a network that was already there.
    network = local.existing != null ? null : {
      vpc_id          = local.vpc_id
      cidrs           = module.settings.cidrs
      subnet_cidrs    = flatten([for subnets in values(module.settings.subnets) : values(subnets)])
      route_table_ids = { for zone in local.zones : zone => aws_route_table.nodes[zone].id }
    }
  }

  # A node becomes ready only with these, and can only leave in order while they are there.
  depends_on = [
    aws_eks_addon.node,
    aws_iam_role_policy_attachment.node,
    aws_route.nodes_out,
    aws_route_table_association.nodes,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_ipv4_cidr_block_association.this,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}
