description = "secrets encrypted in the repository, which only the cluster can open"
requires    = ["scheduling"]

namespace "sealed-secrets" {
  pod_security = "restricted"
}

chart "sealed-secrets" {
  source  = "https://bitnami-labs.github.io/sealed-secrets"
  version = "2.19.3"
}
