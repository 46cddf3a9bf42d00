# Who the parts of the cluster are to AWS: the control plane, the nodes, and, by pod identity, single services.

locals {
  partition    = data.aws_partition.current.partition
  dns_suffix   = data.aws_partition.current.dns_suffix
  managed_path = "arn:${local.partition}:iam::aws:policy"

  # Pod identity gives a role to one service account. An entry exists where its add-on or its setting is on.
  pod_identities = {
    for key, identity in {
      vpc_cni = {
        enabled         = contains(keys(local.addons), "vpc-cni")
        namespace       = "kube-system"
        service_account = "aws-node"
        policy_arn      = "${local.managed_path}/AmazonEKS_CNI_Policy"
        statements      = []
      }

      ebs_csi = {
        enabled         = contains(keys(local.addons), "aws-ebs-csi-driver")
        namespace       = "kube-system"
        service_account = "ebs-csi-controller-sa"
        policy_arn      = "${local.managed_path}/service-role/AmazonEBSCSIDriverPolicy"
        statements      = []
      }

      cluster_autoscaler = {
        enabled         = local.settings.identity.cluster_autoscaler
        namespace       = "kube-system"
        service_account = "cluster-autoscaler"
        policy_arn      = null
        statements      = local.cluster_autoscaler_statements
      }

      external_dns = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "external-dns"
        service_account = "external-dns"
        policy_arn      = null
        statements      = local.dns_statements
      }

      cert_manager = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "cert-manager"
        service_account = "cert-manager"
        policy_arn      = null
        statements      = local.dns_statements
      }
    } : key => identity if identity.enabled
  }

  # EKS tags the scaling groups of its node groups with the cluster's name: only those may be scaled.
  cluster_autoscaler_statements = [
    {
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ]
      Resource = "*"
    },
    {
      Effect   = "Allow"
      Action   = ["eks:DescribeNodegroup"]
      Resource = "arn:${local.partition}:eks:${local.settings.region}:*:nodegroup/${local.name}/*"
    },
    {
      Effect    = "Allow"
      Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${local.name}" = "owned" } }
    },
  ]

  # Records in the cluster's own zone only. Finding the zone and waiting for a change cannot be limited to it.
  dns_statements = [
    {
      Effect   = "Allow"
      Action   = ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]
      Resource = local.has_zone ? "arn:${local.partition}:route53:::hostedzone/${local.zone_id}" : "none"
    },
    {
      Effect   = "Allow"
      Action   = ["route53:GetChange", "route53:ListHostedZones", "route53:ListHostedZonesByName", "route53:ListTagsForResource"]
      Resource = "*"
    },
  ]
}

resource "aws_iam_role" "cluster" {
  name        = module.metadata.derived_names.cluster_role
  description = "Control plane of the Kubernetes cluster ${local.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "eks.amazonaws.com" }
    }]
  })

  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "${local.managed_path}/AmazonEKSClusterPolicy"
}

resource "aws_iam_role_policy" "cluster_secrets" {
  name = "secrets-encryption"
  role = aws_iam_role.cluster.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"]
      Resource = local.secrets_key_arn
    }]
  })
}

# All pools share one role. It can join the cluster and pull images; what pods need they get by pod identity.
resource "aws_iam_role" "node" {
  name        = module.metadata.derived_names.node_role
  description = "Nodes of the Kubernetes cluster ${local.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.${local.dns_suffix}" }
    }]
  })

  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.node.name
  policy_arn = "${local.managed_path}/${each.key}"
}

resource "aws_iam_role" "pod" {
  for_each = local.pod_identities

  name        = module.metadata.derived_names[each.key]
  description = "Service account ${each.value.namespace}/${each.value.service_account} of the Kubernetes cluster ${local.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })

  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "pod" {
  for_each = { for key, identity in local.pod_identities : key => identity.policy_arn if identity.policy_arn != null }

  role       = aws_iam_role.pod[each.key].name
  policy_arn = each.value
}

resource "aws_iam_role_policy" "pod" {
  for_each = { for key, identity in local.pod_identities : key => identity.statements if identity.policy_arn == null }

  name   = "service"
  role   = aws_iam_role.pod[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = local.pod_identities

  cluster_name    = aws_eks_cluster.this.name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.pod[each.key].arn

  tags = local.tags
}

# For services that use roles through the cluster's OIDC issuer (IRSA) instead.
resource "aws_iam_openid_connect_provider" "this" {
  count = local.settings.identity.oidc_provider ? 1 : 0

  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]

  tags = merge(local.tags, { Name = local.name })
}
