description = "runners of GitHub Actions in the cluster, as many as jobs need"
requires    = ["scheduling"]

namespace "arc-system" {
  pod_security = "baseline"
}

chart "gha-runner-scale-set-controller" {
  source  = "oci://ghcr.io/actions/actions-runner-controller-charts/gha-runner-scale-set-controller"
  version = "0.15.0"
}
