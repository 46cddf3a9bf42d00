description = "issuers of certificates: Let's Encrypt by DNS in clouds, an own authority everywhere"
requires    = ["cert-manager"]

needs "aws" {
  text = "a DNS zone (`dns`) and the roles for it (`identity.dns`) in the cluster's configuration"
}

needs "google" {
  text = "a DNS zone (`dns`) and the rights on it (`identity.dns`) in the cluster's configuration"
}

needs "azure" {
  text = "a DNS zone (`dns`) and the identities for it (`identity.dns`) in the cluster's configuration"
}
