description = "policies over objects, at admission and in the background"
requires    = ["scheduling"]
timeout     = "10m"

namespace "kyverno" {
  pod_security = "restricted"
}

chart "kyverno" {
  source  = "https://kyverno.github.io/kyverno/"
  version = "3.9.1"
}
