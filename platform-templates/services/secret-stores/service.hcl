description = "the store `platform` that ExternalSecrets refer to: of the cloud, or OpenBao"
requires    = ["external-secrets"]

needs "azure" {
  text = "a key vault called like the cluster, or its address in services/secret-stores/clouds/azure/store.yaml"
}

needs "local" {
  text = "the service `openbao`, with the role `external-secrets` of its Kubernetes authentication"
}
