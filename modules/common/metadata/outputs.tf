output "current_metadata" {
  description = "All names of the cluster in one object: name, fqdn, domain, labels and tags."
  value = {
    name   = local.name
    fqdn   = local.full_fqdn
    domain = local.domain
    labels = local.labels
    tags   = local.tags
  }
}

output "name" {
  description = "Name of the cluster: [name_prefix]-[environment]-[region], shortened with a hash where the provider wants it shorter."
  value       = local.name
}

output "domain" {
  description = "Domain of all clusters at this provider: [provider].[base_domain]."
  value       = local.domain
}

output "fqdn" {
  description = "Domain of the cluster: [name].[domain]."
  value       = local.full_fqdn
}

output "labels" {
  description = "Labels for Kubernetes objects and nodes, with values that Kubernetes takes."
  value       = local.labels
}

output "tags" {
  description = "Tags (on Google: labels) for cloud resources."
  value       = local.tags
}

output "derived_names" {
  description = "The names asked for with derived_names, each within its limit."
  value       = local.derived_names
}
