description = "DNS records of Services and Ingresses, in the cluster's zone"
providers   = ["aws", "google", "azure"]
requires    = ["scheduling"]

namespace "external-dns" {
  pod_security = "restricted"
}

chart "external-dns" {
  source  = "https://kubernetes-sigs.github.io/external-dns/"
  version = "1.21.1"
}

needs "aws" {
  text = "a DNS zone (`dns`) and the roles for it (`identity.dns`) in the cluster's configuration"
}

needs "google" {
  text = "a DNS zone (`dns`) and the rights on it (`identity.dns`) in the cluster's configuration"
}

needs "azure" {
  text = "a DNS zone (`dns`) and the identities for it (`identity.dns`) in the cluster's configuration"
}
