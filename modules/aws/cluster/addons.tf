locals {
  # Each can be configured, or switched off, by its name in `addons`.
  default_addons = {
    for name in ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"] :
    name => { enabled = true, version = null, configuration_values = null }
  }

  # What these are told unless `configuration_values` says otherwise, key by key at the top level of the JSON. Without the
  # first, network policies are accepted and do nothing.
  default_addon_values = {
    vpc-cni = { enableNetworkPolicy = "true" }
  }

  addon_values = { for name, addon in local.addons : name => (
    contains(keys(local.default_addon_values), name)
    ? jsonencode(merge(local.default_addon_values[name], jsondecode(coalesce(addon.configuration_values, "{}"))))
    : addon.configuration_values
  ) }

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
  configuration_values        = local.addon_values[each.key]
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
  configuration_values        = local.addon_values[each.key]
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  tags = local.tags

  depends_on = [aws_eks_addon.node, aws_eks_pod_identity_association.this]
}
