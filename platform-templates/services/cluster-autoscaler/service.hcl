description = "as many nodes as pods need; GKE and AKS have it built in"
providers   = ["aws"]

# The role that the cluster's configuration makes for it is for a service account there.
namespace "kube-system" {}

chart "cluster-autoscaler" {
  source  = "https://kubernetes.github.io/autoscaler"
  version = "9.56.0"
}

needs "aws" {
  text = "the role for it (`identity.cluster_autoscaler`) in the cluster's configuration"
}
