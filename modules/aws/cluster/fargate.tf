# Fargate profiles: pods that match one run on machines of AWS, with no node of a pool. They run in the subnets of nodes,
# under their own role, which pulls images. Pod identity does not reach them; roles by web identity (IRSA) do.

resource "aws_iam_role" "fargate" {
  count = length(local.settings.fargate) > 0 ? 1 : 0

  name        = module.metadata.derived_names.fargate
  description = "Fargate pods of the Kubernetes cluster ${local.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "eks-fargate-pods.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:eks:${local.settings.region}:${local.account_id}:fargateprofile/${local.name}/*" } }
    }]
  })

  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "fargate" {
  count = length(local.settings.fargate) > 0 ? 1 : 0

  role       = aws_iam_role.fargate[0].name
  policy_arn = "${local.managed_path}/AmazonEKSFargatePodExecutionRolePolicy"
}

resource "aws_eks_fargate_profile" "this" {
  for_each = local.settings.fargate

  cluster_name           = aws_eks_cluster.this.name
  fargate_profile_name   = each.key
  pod_execution_role_arn = aws_iam_role.fargate[0].arn
  subnet_ids             = flatten(values(local.node_subnet_ids))

  dynamic "selector" {
    for_each = toset(each.value.namespaces)

    content {
      namespace = selector.value
      labels    = each.value.labels
    }
  }

  tags = local.tags

  depends_on = [
    aws_iam_role_policy_attachment.fargate,
    aws_route.nodes_out,
    aws_route_table_association.nodes,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
  ]
}
