# What the AWS Load Balancer Controller may do. It tags what it makes with the name of its cluster: only what has that tag
# may be changed or deleted, so that two clusters in one account keep their hands off each other's load balancers.
# The controller must run with --cluster-name of this cluster, which it requires anyway.

locals {
  load_balancer_tag    = "elbv2.k8s.aws/cluster"
  load_balancer_arns   = "arn:${local.partition}:elasticloadbalancing:${local.settings.region}:${local.account_id}"
  security_group_arns  = "arn:${local.partition}:ec2:${local.settings.region}:${local.account_id}:security-group/*"
  tagged_for_cluster   = { StringEquals = { "aws:ResourceTag/${local.load_balancer_tag}" = local.name } }
  to_be_tagged         = { StringEquals = { "aws:RequestTag/${local.load_balancer_tag}" = local.name } }
  keeps_tag_of_cluster = merge(local.tagged_for_cluster, { Null = { "aws:RequestTag/${local.load_balancer_tag}" = "true" } })

  load_balancer_controller_statements = [
    {
      Sid    = "Look"
      Effect = "Allow"
      Action = [
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "cognito-idp:DescribeUserPoolClient",
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeCoipPools",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeIpamPools",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        "ec2:GetCoipPoolUsage",
        "ec2:GetSecurityGroupsForVpc",
        "elasticloadbalancing:Describe*",
        "iam:GetServerCertificate",
        "iam:ListServerCertificates",
      ]
      Resource = "*"
    },
    {
      Sid    = "ProtectLoadBalancers" # firewalls and Shield, where an Ingress asks for them
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:SetWebAcl",
        "shield:CreateProtection",
        "shield:DeleteProtection",
        "shield:DescribeProtection",
        "shield:GetSubscriptionState",
        "waf-regional:AssociateWebACL",
        "waf-regional:DisassociateWebACL",
        "waf-regional:GetWebACL",
        "waf-regional:GetWebACLForResource",
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
        "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource",
      ]
      Resource = "*"
    },
    {
      Sid       = "FirstLoadBalancerOfTheAccount"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
    },
    {
      # Also of groups that are not the controller's own: nodes must let its load balancers in.
      Sid      = "OpenSecurityGroups"
      Effect   = "Allow"
      Action   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupIngress"]
      Resource = "*"
    },
    {
      Sid      = "TagNewSecurityGroups"
      Effect   = "Allow"
      Action   = "ec2:CreateTags"
      Resource = local.security_group_arns
      Condition = {
        StringEquals = {
          "aws:RequestTag/${local.load_balancer_tag}" = local.name
          "ec2:CreateAction"                          = "CreateSecurityGroup"
        }
      }
    },
    {
      Sid       = "TagOwnSecurityGroups"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags", "ec2:DeleteTags"]
      Resource  = local.security_group_arns
      Condition = local.keeps_tag_of_cluster
    },
    {
      Sid       = "DeleteOwnSecurityGroups"
      Effect    = "Allow"
      Action    = "ec2:DeleteSecurityGroup"
      Resource  = local.security_group_arns
      Condition = local.tagged_for_cluster
    },
    {
      Sid       = "MakeLoadBalancers"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
      Resource  = "*"
      Condition = local.to_be_tagged
    },
    {
      Sid      = "TagNewLoadBalancers"
      Effect   = "Allow"
      Action   = "elasticloadbalancing:AddTags"
      Resource = [for kind in ["loadbalancer/app/*", "loadbalancer/net/*", "targetgroup/*"] : "${local.load_balancer_arns}:${kind}"]
      Condition = {
        StringEquals = {
          "aws:RequestTag/${local.load_balancer_tag}" = local.name
          "elasticloadbalancing:CreateAction"         = ["CreateLoadBalancer", "CreateTargetGroup"]
        }
      }
    },
    {
      Sid       = "TagOwnLoadBalancers"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
      Resource  = [for kind in ["loadbalancer/app/*", "loadbalancer/net/*", "targetgroup/*"] : "${local.load_balancer_arns}:${kind}"]
      Condition = local.keeps_tag_of_cluster
    },
    {
      Sid    = "ChangeOwnLoadBalancers"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:ModifyCapacityReservation",
        "elasticloadbalancing:ModifyIpPools",
        "elasticloadbalancing:ModifyListenerAttributes",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:SetIpAddressType",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
      ]
      Resource  = "*"
      Condition = local.tagged_for_cluster
    },
    {
      # Listeners and rules carry the tag only once they are made, and are of use only on a load balancer.
      Sid    = "ChangeListeners"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyRule",
        "elasticloadbalancing:RemoveListenerCertificates",
        "elasticloadbalancing:SetRulePriorities",
      ]
      Resource = "*"
    },
    {
      Sid      = "TagListeners"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
      Resource = [for kind in ["listener/app/*", "listener/net/*", "listener-rule/app/*", "listener-rule/net/*"] : "${local.load_balancer_arns}:${kind}"]
    },
    {
      Sid      = "MoveTargets"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
      Resource = "${local.load_balancer_arns}:targetgroup/*"
    },
  ]
}
