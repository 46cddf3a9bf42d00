output "cluster" {
  description = "How to reach the cluster: name, provider, region, endpoint, ca_certificate (base64, as in a kubeconfig), version and auth. No credential: auth names what a short-lived one is asked for."
  value = {
    name     = azurerm_kubernetes_cluster.this.name
    provider = "azure"
    region   = local.settings.region
    endpoint = "https://${local.settings.endpoint.public ? azurerm_kubernetes_cluster.this.fqdn : azurerm_kubernetes_cluster.this.private_fqdn}:443"
    # The provider marks all of the kubeconfig as secret; a certificate authority is not.
    ca_certificate = nonsensitive(one(azurerm_kubernetes_cluster.this.kube_config[*].cluster_ca_certificate))
    version        = azurerm_kubernetes_cluster.this.kubernetes_version

    auth = {
      type            = "azure"
      subscription_id = local.subscription_id
      tenant_id       = local.tenant_id
      resource_group  = local.resource_group
      cluster_name    = azurerm_kubernetes_cluster.this.name
      server_id       = "6dae42f8-4368-4678-94ff-3960e28e3630" # what AKS is to Entra, the same in every tenant
    }
  }

  # The rights that make the endpoint useful.
  depends_on = [
    azurerm_role_assignment.access,
    azurerm_role_assignment.creator,
  ]
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
  description = "Network of the cluster: its id, subnets, the addresses that nodes have outside (of an own NAT gateway), resource groups, and the address made for ingress (null without one)."
  value = {
    vnet_id              = local.vnet_id
    node_subnet_id       = local.node_subnet_id
    api_server_subnet_id = local.settings.endpoint.network_integration ? local.api_server_subnet_id : null
    nat_addresses        = local.nat_addresses
    resource_group       = local.resource_group
    node_resource_group  = azurerm_kubernetes_cluster.this.node_resource_group

    ingress = local.settings.ingress.public_ip ? {
      ip_address = azurerm_public_ip.ingress[0].ip_address

      service_annotations = {
        "service.beta.kubernetes.io/azure-load-balancer-resource-group" = local.resource_group
        "service.beta.kubernetes.io/azure-pip-name"                     = azurerm_public_ip.ingress[0].name
      }
    } : null
  }
}

output "identity" {
  description = "OIDC issuer, the identities of control plane and nodes, and those that service accounts have by workload identity."
  value = {
    issuer             = azurerm_kubernetes_cluster.this.oidc_issuer_url
    tenant_id          = local.tenant_id
    cluster_id         = local.cluster_identity.id
    kubelet_id         = azurerm_user_assigned_identity.kubelet.id
    kubelet_client_id  = azurerm_user_assigned_identity.kubelet.client_id
    service_client_ids = { for key, identity in azurerm_user_assigned_identity.service : key => identity.client_id }
  }
}

output "dns" {
  description = "DNS zone of the cluster and its name servers; null without one."
  value = local.has_zone ? {
    zone_id      = local.zone_id
    zone_name    = local.own_zone ? module.metadata.fqdn : data.azurerm_dns_zone.existing[0].name
    name_servers = sort(local.own_zone ? azurerm_dns_zone.this[0].name_servers : data.azurerm_dns_zone.existing[0].name_servers)
  } : null
}

output "node_pool_context" {
  description = "What node pools must know about the cluster: their input `cluster`."
  value = {
    id                    = azurerm_kubernetes_cluster.this.id
    name                  = azurerm_kubernetes_cluster.this.name
    kubernetes_version    = local.settings.kubernetes_version
    availability_zones    = local.settings.availability_zones
    node_subnet_id        = local.node_subnet_id
    autoscaling           = !local.settings.addons.node_provisioning
    identity_principal_id = local.cluster_identity.principal_id
    labels                = module.metadata.labels
    tags                  = local.tags

    # The own network, in which a pool can make a subnet; null in an existing one.
    network = local.own ? {
      resource_group    = local.resource_group
      vnet_name         = azurerm_virtual_network.this[0].name
      cidr              = local.network.cidr
      subnets           = concat([local.subnets.nodes], local.own_api_net ? [local.subnets.api_server] : [])
      service_endpoints = local.network.service_endpoints
      nat_gateway_ids   = azurerm_nat_gateway.this[*].id
    } : null
  }
}
