description = "canary and blue-green deployments, with analysis"
requires    = ["scheduling"]

namespace "argo-rollouts" {
  pod_security = "restricted"
}

chart "argo-rollouts" {
  source  = "oci://ghcr.io/argoproj/argo-helm/argo-rollouts"
  version = "2.42.0"
}
