output "cluster" {
  description = "How to reach the cluster: name, provider, region, endpoint, ca_certificate (base64, as in a kubeconfig; null for the DNS endpoint, whose certificate is publicly trusted), version and auth. No credential: auth names what a short-lived one is asked for."
  value = {
    name           = google_container_cluster.this.name
    provider       = "google"
    region         = local.region
    endpoint       = "https://${local.settings.endpoint.dns ? google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint : google_container_cluster.this.endpoint}"
    ca_certificate = local.settings.endpoint.dns ? null : google_container_cluster.this.master_auth[0].cluster_ca_certificate
    version        = google_container_cluster.this.master_version

    auth = {
      type         = "google"
      project      = local.project
      location     = local.region
      cluster_name = google_container_cluster.this.name
    }
  }

  # The rights that make the endpoint useful.
  depends_on = [google_project_iam_member.access]
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
  description = "Network of the cluster: network, subnetwork, names of the ranges of pods and Services, CIDRs of an own network (else null), and the addresses that nodes have outside (unknown where Google chooses them)."
  value = {
    network_id     = local.network_id
    subnetwork_id  = local.subnetwork_id
    pods_range     = local.pods_range
    services_range = local.services_range
    cidrs          = local.existing == null ? local.ranges : null
    nat_addresses  = google_compute_address.nat[*].address
  }
}

output "identity" {
  description = "OIDC issuer and workload identity pool, the nodes' service account, and the principals that service accounts are to Google Cloud."
  value = {
    issuer               = "https://container.googleapis.com/v1/projects/${local.project}/locations/${local.region}/clusters/${google_container_cluster.this.name}"
    workload_pool        = local.workload_pool
    node_service_account = local.node_service_account
    service_principals   = local.principals
  }
}

output "dns" {
  description = "DNS zone of the cluster and its name servers; null without one."
  value = local.has_zone ? {
    zone_id      = local.zone_name
    zone_name    = local.own_zone ? module.metadata.fqdn : trimsuffix(data.google_dns_managed_zone.existing[0].dns_name, ".")
    name_servers = local.own_zone ? google_dns_managed_zone.this[0].name_servers : data.google_dns_managed_zone.existing[0].name_servers
  } : null
}

output "node_pool_context" {
  description = "What node pools must know about the cluster: their input `cluster`."
  value = {
    name            = google_container_cluster.this.name
    project         = local.project
    location        = local.region
    zones           = local.settings.zones
    service_account = local.node_service_account
    labels          = module.metadata.labels
    resource_labels = local.labels
  }

  # Nodes become ready only with these.
  depends_on = [
    google_compute_router_nat.this,
    google_project_iam_member.nodes,
  ]
}
