description = "nodes of any fitting size by need, instead of the cluster autoscaler"
providers   = ["aws"]
suggests    = ["karpenter-pools"]

namespace "kube-system" {}

chart "karpenter" {
  source  = "oci://public.ecr.aws/karpenter/karpenter"
  version = "1.15.2"
}

needs "aws" {
  text = "a role for the service account kube-system/karpenter (`service_accounts`) that may run instances, and a node pool that karpenter itself runs on"
}
