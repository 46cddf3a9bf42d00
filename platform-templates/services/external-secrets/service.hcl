description = "secrets of a cloud's or OpenBao's store, as Secrets"
requires    = ["scheduling"]
suggests    = ["secret-stores"]

namespace "external-secrets" {
  pod_security = "restricted"
}

chart "external-secrets" {
  source  = "https://charts.external-secrets.io"
  version = "2.11.0"
}

needs "aws" {
  text = "a role for the service account external-secrets/external-secrets (`service_accounts`) that may read the secrets"
}

needs "google" {
  text = "the right to read secrets (`identity.secrets`) in the cluster's configuration"
}

needs "azure" {
  text = "the key vaults that it may read (`identity.external_secrets_vaults`) in the cluster's configuration"
}
