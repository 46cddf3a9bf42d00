# A network whose ids nobody knows before the apply, and a cluster in it.

resource "azurerm_resource_group" "network" {
  name     = "hub"
  location = "westeurope"
}

resource "azurerm_virtual_network" "hub" {
  name                = "hub"
  resource_group_name = azurerm_resource_group.network.name
  location            = "westeurope"
  address_space       = ["10.9.0.0/16"]
}

resource "azurerm_subnet" "nodes" {
  name                 = "aks"
  resource_group_name  = azurerm_resource_group.network.name
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.9.0.0/20"]
}

module "cluster" {
  source = "../.."

  environment = "apps"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1"]
      network            = { existing = { node_subnet_id = azurerm_subnet.nodes.id } }
    }
  }
}

output "current_metadata" {
  description = "Names of the cluster."
  value       = module.cluster.current_metadata
}
