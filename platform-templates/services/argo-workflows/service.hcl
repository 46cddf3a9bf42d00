description = "workflows of containers; `kstack init --argo-workflows` writes those of the pipeline"
requires    = ["scheduling"]

namespace "argo-workflows" {
  pod_security = "baseline"
}

chart "argo-workflows" {
  source  = "oci://ghcr.io/argoproj/argo-helm/argo-workflows"
  version = "1.0.19"
}
