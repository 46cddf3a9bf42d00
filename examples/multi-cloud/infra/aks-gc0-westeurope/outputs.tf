# What kstack and other stacks read of this cluster; the same in every cloud.

output "cluster" {
  description = "How to reach the cluster; holds no credential."
  value       = module.cluster.cluster
}

output "current_config" {
  description = "Effective settings of this environment, after inheritance."
  value       = module.cluster.current_config
}

output "current_metadata" {
  description = "Name, domain, labels and tags of the cluster."
  value       = module.cluster.current_metadata
}

output "network" {
  description = "Network that the cluster runs in."
  value       = module.cluster.network
}

output "identity" {
  description = "OIDC issuer and the roles made for services."
  value       = module.cluster.identity
}

output "dns" {
  description = "DNS zone of the cluster and its name servers."
  value       = module.cluster.dns
}
