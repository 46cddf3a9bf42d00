description = "the gateway `public` with a certificate for all names of the cluster's zone"
providers   = ["aws", "google", "azure"]
requires    = ["cert-issuers", "envoy-gateway"]
suggests    = ["external-dns"]

namespace "gateway" {
  pod_security = "restricted"
}
