description = "backups of objects and volumes, every night"
providers   = ["aws", "google", "azure"]
requires    = ["scheduling"]

# Its node agents read volumes from the node.
namespace "velero" {
  pod_security = "privileged"
}

chart "velero" {
  source  = "https://vmware-tanzu.github.io/helm-charts"
  version = "12.2.0"
}

needs "aws" {
  text = "a bucket called like the cluster with `-velero` behind it, and a role for the service account velero/velero (`service_accounts`) that may use it and snapshots"
}

needs "google" {
  text = "a bucket called like the cluster with `-velero` behind it, and roles for the service account velero/velero (`identity.service_accounts`) for it and snapshots"
}

needs "azure" {
  text = "a container `velero` in a storage account, and an identity for the service account velero/velero: write both into services/velero/clouds/azure/velero.yaml"
}
