# A pool is in the nodes' subnet of its cluster, in a subnet that is there already, or in one of its own.

locals {
  own_subnet = local.settings.subnet_cidr != null && var.cluster.network != null
  subnet_id  = local.own_subnet ? azurerm_subnet.this[0].id : local.settings.subnet_id != null ? local.settings.subnet_id : var.cluster.node_subnet_id

  network_prefix = local.own_subnet ? tonumber(split("/", var.cluster.network.cidr)[1]) : 0
  own_gateway    = local.own_subnet && try(length(var.cluster.network.nat_gateway_ids) > 0, false)

  # Two networks overlap when they are the same after both are widened to the shorter prefix.
  overlaps = local.own_subnet ? [
    for cidr in var.cluster.network.subnets : cidr
    if cidrhost("${cidrhost(cidr, 0)}/${min(tonumber(split("/", cidr)[1]), tonumber(split("/", local.settings.subnet_cidr)[1]))}", 0) ==
    cidrhost("${cidrhost(local.settings.subnet_cidr, 0)}/${min(tonumber(split("/", cidr)[1]), tonumber(split("/", local.settings.subnet_cidr)[1]))}", 0)
  ] : []
}

resource "azurerm_subnet" "this" {
  count = local.own_subnet ? 1 : 0

  name                            = "pool-${local.settings.name}"
  resource_group_name             = var.cluster.network.resource_group
  virtual_network_name            = var.cluster.network.vnet_name
  address_prefixes                = [local.settings.subnet_cidr]
  default_outbound_access_enabled = false # the way out is explicit

  dynamic "service_endpoint" {
    for_each = var.cluster.network.service_endpoints

    content {
      service = service_endpoint.value
    }
  }

  lifecycle {
    precondition {
      condition     = cidrhost("${cidrhost(local.settings.subnet_cidr, 0)}/${local.network_prefix}", 0) == cidrhost(var.cluster.network.cidr, 0) && tonumber(split("/", local.settings.subnet_cidr)[1]) >= local.network_prefix
      error_message = "The subnet_cidr ${local.settings.subnet_cidr} of pool ${local.settings.name} must lie in the cluster's network ${var.cluster.network.cidr}."
    }

    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "The subnet_cidr ${local.settings.subnet_cidr} of pool ${local.settings.name} overlaps with ${join(", ", local.overlaps)}, which the cluster has."
    }
  }
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  count = local.own_gateway ? 1 : 0

  nat_gateway_id = var.cluster.network.nat_gateway_ids[0]
  subnet_id      = azurerm_subnet.this[0].id
}

# The control plane has its right on all of an own network; a subnet elsewhere needs one of its own.
resource "azurerm_role_assignment" "subnet" {
  count = local.settings.subnet_id != null ? 1 : 0

  scope                = local.settings.subnet_id
  role_definition_name = "Network Contributor"
  principal_id         = var.cluster.identity_principal_id
  principal_type       = "ServicePrincipal"
  description          = "Node pool ${local.settings.name} of the Kubernetes cluster ${var.cluster.name}"
}
