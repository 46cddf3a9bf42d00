locals {
  # Each can be configured, or switched off, by its name in `addons`.
  default_addons = {
    for name in ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"] :
    name => { enabled = true, version = null, configuration_values = null }
  }

  addons = { for name, addon in merge(local.default_addons, local.settings.addons) : name => addon if addon.enabled }

  # These make a node ready, so they must be there first, and are active without any node. All others wait for nodes:
  # they come up together with the pools, which therefore must not depend on them.
  node_addons = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"]
}

resource "aws_eks_addon" "node" {
  for_each = { for name, addon in local.addons : name => addon if contains(local.node_addons, name) }

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value.version
  configuration_values        = each.value.configuration_values
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE" # Git has the last word

  tags = local.tags

  depends_on = [aws_eks_pod_identity_association.this]
}

resource "aws_eks_addon" "workload" {
  for_each = { for name, addon in local.addons : name => addon if !contains(local.node_addons, name) }

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value.version
  configuration_values        = each.value.configuration_values
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  tags = local.tags

  depends_on = [aws_eks_addon.node, aws_eks_pod_identity_association.this]
}
