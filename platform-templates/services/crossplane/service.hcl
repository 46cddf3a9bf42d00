description = "resources of clouds as objects of the cluster"
requires    = ["scheduling"]

namespace "crossplane-system" {
  pod_security = "baseline"
}

chart "crossplane" {
  source  = "https://charts.crossplane.io/stable"
  version = "2.3.1"
}
