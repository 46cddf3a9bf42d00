output "current_config" {
  description = "Effective settings of the environment, after inheritance."
  value       = module.configuration.current
}

output "node_pool" {
  description = "The pool: its name, id, size of nodes, subnet, labels, taints, and whether the autoscaler changes its size."
  value = {
    name        = azurerm_kubernetes_cluster_node_pool.this.name
    id          = azurerm_kubernetes_cluster_node_pool.this.id
    vm_size     = azurerm_kubernetes_cluster_node_pool.this.vm_size
    subnet_id   = local.subnet_id
    labels      = local.labels
    taints      = local.taints
    autoscaling = local.autoscaling
  }
}
