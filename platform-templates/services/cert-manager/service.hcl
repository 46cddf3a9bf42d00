description = "certificates, requested and renewed by themselves"
standard    = "clouds"
requires    = ["scheduling"]
suggests    = ["cert-issuers", "trust-manager"]

namespace "cert-manager" {
  pod_security = "restricted"
}

chart "cert-manager" {
  source  = "oci://quay.io/jetstack/charts/cert-manager"
  version = "v1.21.2"
}
