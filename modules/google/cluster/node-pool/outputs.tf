output "current_config" {
  description = "Effective settings of the environment, after inheritance."
  value       = module.configuration.current
}

output "node_pool" {
  description = "The pool: its name and id at GKE, version, zones, disk type and instance groups."
  value = {
    name            = google_container_node_pool.this.name
    id              = google_container_node_pool.this.id
    version         = google_container_node_pool.this.version
    zones           = google_container_node_pool.this.node_locations
    disk_type       = local.disk_type
    instance_groups = google_container_node_pool.this.managed_instance_group_urls
  }
}
