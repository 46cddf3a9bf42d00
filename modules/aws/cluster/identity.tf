# Who the parts of the cluster are to AWS: the control plane, the nodes, and single services.

locals {
  partition    = data.aws_partition.current.partition
  dns_suffix   = data.aws_partition.current.dns_suffix
  account_id   = data.aws_caller_identity.current.account_id
  managed_path = "arn:${local.partition}:iam::aws:policy"

  # Each role is for one service account. An entry exists where its add-on or its setting is on.
  pod_identities = merge(local.own_pod_identities, {
    for name, account in local.settings.service_accounts : name => {
      namespace       = account.namespace
      service_account = coalesce(account.name, name)
      policies        = account.policies
      policy          = account.policy
    }
  })

  own_pod_identities = {
    for key, identity in {
      vpc_cni = {
        enabled         = contains(keys(local.addons), "vpc-cni")
        namespace       = "kube-system"
        service_account = "aws-node"
        policies        = { AmazonEKS_CNI_Policy = "${local.managed_path}/AmazonEKS_CNI_Policy" }
        statements      = []
      }

      ebs_csi = {
        enabled         = contains(keys(local.addons), "aws-ebs-csi-driver")
        namespace       = "kube-system"
        service_account = "ebs-csi-controller-sa"
        policies        = { AmazonEBSCSIDriverPolicy = "${local.managed_path}/service-role/AmazonEBSCSIDriverPolicy" }
        statements      = []
      }

      cluster_autoscaler = {
        enabled         = local.settings.identity.cluster_autoscaler
        namespace       = "kube-system"
        service_account = "cluster-autoscaler"
        policies        = {}
        statements      = local.cluster_autoscaler_statements
      }

      load_balancer_controller = {
        enabled         = local.settings.identity.load_balancer_controller
        namespace       = "kube-system"
        service_account = "aws-load-balancer-controller"
        policies        = {}
        statements      = local.load_balancer_controller_statements
      }

      external_dns = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "external-dns"
        service_account = "external-dns"
        policies        = {}
        statements      = local.dns_statements
      }

      cert_manager = {
        enabled         = local.settings.identity.dns && local.has_zone
        namespace       = "cert-manager"
        service_account = "cert-manager"
        policies        = {}
        statements      = local.dns_statements
      }
      } : key => {
      namespace       = identity.namespace
      service_account = identity.service_account
      policies        = identity.policies
      policy          = length(identity.statements) == 0 ? null : jsonencode({ Version = "2012-10-17", Statement = identity.statements })
    } if identity.enabled
  }

  # By pod identity, and by web identity (IRSA) where the issuer is registered: Fargate pods know only the latter.
  issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  pod_role_trust = { for key, identity in local.pod_identities : key => concat(
    [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
    }],
    [for provider in aws_iam_openid_connect_provider.this : {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = provider.arn }
      Condition = { StringEquals = {
        "${local.issuer}:aud" = "sts.amazonaws.com"
        "${local.issuer}:sub" = "system:serviceaccount:${identity.namespace}:${identity.service_account}"
      } }
    }],
  ) }

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
  for_each = merge(
    { for name in ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"] : name => "${local.managed_path}/${name}" },
    local.settings.identity.node_policies,
  )

  role       = aws_iam_role.node.name
  policy_arn = each.value
}

resource "aws_iam_role" "pod" {
  for_each = local.pod_identities

  name        = module.metadata.derived_names[each.key]
  description = "Service account ${each.value.namespace}/${each.value.service_account} of the Kubernetes cluster ${local.name}"

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = local.pod_role_trust[each.key] })

  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "pod" {
  for_each = merge([for key, identity in local.pod_identities : {
    for name, arn in identity.policies : "${key}/${name}" => { role = key, policy_arn = arn }
  }]...)

  role       = aws_iam_role.pod[each.value.role].name
  policy_arn = each.value.policy_arn
}

resource "aws_iam_role_policy" "pod" {
  for_each = { for key, identity in local.pod_identities : key => identity.policy if identity.policy != null }

  name   = "service"
  role   = aws_iam_role.pod[each.key].id
  policy = each.value
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = local.pod_identities

  cluster_name    = aws_eks_cluster.this.name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.pod[each.key].arn

  tags = local.tags
}

# Lets service accounts take roles with the tokens of the cluster's OIDC issuer (IRSA).
resource "aws_iam_openid_connect_provider" "this" {
  count = local.settings.identity.oidc_provider ? 1 : 0

  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]

  tags = merge(local.tags, { Name = local.name })
}
