description = "rolls Deployments whose ConfigMaps or Secrets changed, where an annotation asks for it"
requires    = ["scheduling"]

namespace "reloader" {
  pod_security = "restricted"
}

chart "reloader" {
  source  = "https://stakater.github.io/stakater-charts"
  version = "2.2.11"
}
