description = "bundles of trusted certificate authorities, in every namespace"
requires    = ["cert-manager"]

namespace "trust-manager" {
  pod_security = "restricted"
}

chart "trust-manager" {
  source  = "oci://quay.io/jetstack/charts/trust-manager"
  version = "v0.25.0"
}
