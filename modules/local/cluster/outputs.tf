output "cluster" {
  description = "How to reach the cluster: name, provider, region, endpoint, ca_certificate (base64, as in a kubeconfig), version and auth. No credential: auth says where the kubeconfig lies. Endpoint and certificate are null while that file is missing."
  value = {
    name           = module.metadata.name
    provider       = "local"
    region         = "local"
    endpoint       = try(local.server.server, null)
    ca_certificate = try(local.server["certificate-authority-data"], null)
    version        = null # that of the kstack which runs the sandbox

    auth = {
      type    = "kubeconfig"
      path    = local.kubeconfig_path
      context = local.context_name
    }
  }
}

output "current_config" {
  description = "Effective settings of the environment, after inheritance."
  value       = module.configuration.current
}

output "current_metadata" {
  description = "Names of the cluster: name, fqdn, domain, labels and tags."
  value       = module.metadata.current_metadata
}

output "network" {
  description = "Always null: a sandbox runs on the loopback of this machine."
  value       = null
}

output "identity" {
  description = "Always null: a sandbox has no cloud identities."
  value       = null
}

output "dns" {
  description = "Always null: no zone is created for a sandbox."
  value       = null
}
