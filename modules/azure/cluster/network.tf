# An own network, unless the subnet of an existing one is given:
# - one subnet for nodes, which never get public addresses; their way out is a NAT gateway or a load balancer
# - a small one for the API server, where it has an address in the network
# Pods have addresses of the overlay, which nothing outside of the cluster sees.

locals {
  network  = local.settings.network
  existing = local.network.existing
  own      = local.existing == null
  subnets  = module.settings.subnets

  own_gateway = local.own && local.network.outbound == "nat_gateway"
  own_api_net = local.own && local.settings.endpoint.network_integration

  # The gateway of zone-bound size stands in the first zone; the other kind is in all of them by itself.
  gateway_zones = local.network.nat_gateway.sku == "Standard" ? slice(local.settings.availability_zones, 0, min(1, length(local.settings.availability_zones))) : []

  outbound_type = {
    nat_gateway          = "userAssignedNATGateway"
    load_balancer        = "loadBalancer"
    user_defined_routing = "userDefinedRouting"
    none                 = "none"
  }[local.network.outbound]

  # /subscriptions/<1>/resourceGroups/<2>/providers/Microsoft.Network/virtualNetworks/<3>/subnets/<4>
  existing_subnet = local.own ? [] : regex("(?i)^/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft.Network/virtualNetworks/([^/]+)/subnets/([^/]+)$", local.existing.node_subnet_id)

  vnet_id              = local.own ? azurerm_virtual_network.this[0].id : split("/subnets/", local.existing.node_subnet_id)[0]
  node_subnet_id       = local.own ? azurerm_subnet.nodes[0].id : local.existing.node_subnet_id
  api_server_subnet_id = local.own_api_net ? azurerm_subnet.api_server[0].id : try(local.existing.api_server_subnet_id, null)
  system_pool_zones    = length(coalesce(local.system_pool.availability_zones, local.settings.availability_zones)) == 0 ? null : coalesce(local.system_pool.availability_zones, local.settings.availability_zones)
  nat_addresses        = azurerm_public_ip.nat[*].ip_address
  endpoint_restricted  = local.settings.endpoint.public && !contains(local.settings.endpoint.public_cidrs, "0.0.0.0/0")
  authorized_ip_ranges = concat(local.settings.endpoint.public_cidrs, [for address in local.nat_addresses : "${address}/32"]) # nodes come from there
}

resource "azurerm_virtual_network" "this" {
  count = local.own ? 1 : 0

  name                = local.name
  location            = local.location
  resource_group_name = local.resource_group
  address_space       = [local.network.cidr]

  tags = local.tags
}

resource "azurerm_subnet" "nodes" {
  count = local.own ? 1 : 0

  name                            = "nodes"
  resource_group_name             = local.resource_group
  virtual_network_name            = azurerm_virtual_network.this[0].name
  address_prefixes                = [local.subnets.nodes]
  default_outbound_access_enabled = false # the way out is explicit

  dynamic "service_endpoint" {
    for_each = local.network.service_endpoints

    content {
      service = service_endpoint.value
    }
  }
}

resource "azurerm_subnet" "api_server" {
  count = local.own_api_net ? 1 : 0

  name                            = "api-server"
  resource_group_name             = local.resource_group
  virtual_network_name            = azurerm_virtual_network.this[0].name
  address_prefixes                = [local.subnets.api_server]
  default_outbound_access_enabled = false

  delegation {
    name = "aks"

    service_delegation {
      name    = "Microsoft.ContainerService/managedClusters"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_public_ip" "nat" {
  count = local.own_gateway ? local.network.nat_gateway.public_ips : 0

  name                = "${local.name}-nat-${count.index}"
  location            = local.location
  resource_group_name = local.resource_group
  allocation_method   = "Static"
  sku                 = local.network.nat_gateway.sku
  zones               = length(local.settings.availability_zones) == 0 ? null : local.network.nat_gateway.sku == "Standard" ? local.gateway_zones : local.settings.availability_zones

  tags = local.tags
}

resource "azurerm_nat_gateway" "this" {
  count = local.own_gateway ? 1 : 0

  name                    = local.name
  location                = local.location
  resource_group_name     = local.resource_group
  sku_name                = local.network.nat_gateway.sku
  idle_timeout_in_minutes = local.network.nat_gateway.idle_timeout_minutes
  zones                   = length(local.gateway_zones) == 0 ? null : local.gateway_zones

  tags = local.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  count = local.own_gateway ? local.network.nat_gateway.public_ips : 0

  nat_gateway_id       = azurerm_nat_gateway.this[0].id
  public_ip_address_id = azurerm_public_ip.nat[count.index].id
}

resource "azurerm_subnet_nat_gateway_association" "nodes" {
  count = local.own_gateway ? 1 : 0

  nat_gateway_id = azurerm_nat_gateway.this[0].id
  subnet_id      = azurerm_subnet.nodes[0].id
}

data "azurerm_subnet" "existing" {
  count = local.own ? 0 : 1

  name                 = local.existing_subnet[3]
  virtual_network_name = local.existing_subnet[2]
  resource_group_name  = local.existing_subnet[1]

  lifecycle {
    postcondition {
      condition = length([
        for pair in setproduct([for prefix in self.address_prefixes : prefix if can(cidrnetmask(prefix))], [local.network.pod_cidr, local.network.service_cidr]) : pair
        if cidrhost("${cidrhost(pair[0], 0)}/${min([for cidr in pair : tonumber(split("/", cidr)[1])]...)}", 0) == cidrhost("${cidrhost(pair[1], 0)}/${min([for cidr in pair : tonumber(split("/", cidr)[1])]...)}", 0)
      ]) == 0
      error_message = "The subnet ${self.id} with ${join(", ", self.address_prefixes)} overlaps with network.pod_cidr ${local.network.pod_cidr} or network.service_cidr ${local.network.service_cidr}."
    }
  }
}

# The address that an ingress controller's Service takes by the annotations of output network.ingress.
resource "azurerm_public_ip" "ingress" {
  count = local.settings.ingress.public_ip ? 1 : 0

  name                = "${local.name}-ingress"
  location            = local.location
  resource_group_name = local.resource_group
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = length(local.settings.availability_zones) == 0 ? null : local.settings.availability_zones

  tags = local.tags
}
