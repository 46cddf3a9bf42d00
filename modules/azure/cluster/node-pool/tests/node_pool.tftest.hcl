# Plans with a mocked provider: no cloud, no credentials. The ids are what the provider parses.

mock_provider "azurerm" {}

variables {
  environment = "ops"

  cluster = {
    id                    = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0-ops-westeurope/providers/Microsoft.ContainerService/managedClusters/gc0-ops-westeurope"
    name                  = "gc0-ops-westeurope"
    kubernetes_version    = "1.33"
    availability_zones    = ["1", "2", "3"]
    node_subnet_id        = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0-ops-westeurope/providers/Microsoft.Network/virtualNetworks/gc0-ops-westeurope/subnets/nodes"
    autoscaling           = true
    identity_principal_id = "00000000-0000-0000-0000-0000000000cc"
    labels                = { "kstack.dev/cluster" = "gc0-ops-westeurope" }
    tags                  = { kstack-cluster = "gc0-ops-westeurope" }

    network = {
      resource_group    = "gc0-ops-westeurope"
      vnet_name         = "gc0-ops-westeurope"
      cidr              = "10.0.0.0/16"
      subnets           = ["10.0.16.0/20"]
      service_endpoints = ["Microsoft.Storage"]
      nat_gateway_ids   = ["/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0-ops-westeurope/providers/Microsoft.Network/natGateways/gc0-ops-westeurope"]
    }
  }

  configuration = {
    apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 3, max_size = 9 }
    ops  = { min_size = 1 }
  }
}

run "a_pool_spans_the_zones_of_the_cluster" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.zones == toset(["1", "2", "3"]) && azurerm_kubernetes_cluster_node_pool.this.orchestrator_version == "1.33" && azurerm_kubernetes_cluster_node_pool.this.vnet_subnet_id == var.cluster.node_subnet_id
    error_message = "Zones, version and subnet must be those of the cluster."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.auto_scaling_enabled && azurerm_kubernetes_cluster_node_pool.this.min_count == 1 && azurerm_kubernetes_cluster_node_pool.this.max_count == 9
    error_message = "The pool must have the minimum of ops and keep the maximum of apps."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.upgrade_settings[0].max_surge == "33%" && azurerm_kubernetes_cluster_node_pool.this.priority == "Regular" && azurerm_kubernetes_cluster_node_pool.this.node_public_ip_enabled == false
    error_message = "A third of the nodes may be replaced at a time; none is spot, none public."
  }
}

run "tags_and_labels_reach_the_nodes" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 3, labels = { team = "a" }, tags = { cost-centre = "b" } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.node_labels == tomap({ "kstack.dev/cluster" = "gc0-ops-westeurope", "kstack.dev/node-pool" = "default", team = "a" })
    error_message = "Unexpected labels: ${jsonencode(azurerm_kubernetes_cluster_node_pool.this.node_labels)}"
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.tags == tomap({ kstack-cluster = "gc0-ops-westeurope", kstack-node-pool = "default", cost-centre = "b" })
    error_message = "Unexpected tags: ${jsonencode(azurerm_kubernetes_cluster_node_pool.this.tags)}"
  }
}

run "spot_nodes_have_the_label_and_the_taint_of_aks" {
  command = plan

  variables {
    configuration = {
      apps = {
        name               = "batch"
        vm_size            = "Standard_D4s_v5"
        min_size           = 0
        max_size           = 20
        spot               = true
        spot_max_price     = 0.5
        availability_zones = ["2"]
        taints             = { batch = { key = "dedicated", value = "batch" } }
      }

      ops = { taints = { drain = { key = "drain", effect = "NO_EXECUTE" } } }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.priority == "Spot" && azurerm_kubernetes_cluster_node_pool.this.spot_max_price == 0.5 && azurerm_kubernetes_cluster_node_pool.this.eviction_policy == "Delete" && azurerm_kubernetes_cluster_node_pool.this.upgrade_settings[0].max_surge == null
    error_message = "The pool must be spot."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.node_taints == tolist(["kubernetes.azure.com/scalesetpriority=spot:NoSchedule", "dedicated=batch:NoSchedule", "drain=true:NoExecute"]) && azurerm_kubernetes_cluster_node_pool.this.node_labels["kubernetes.azure.com/scalesetpriority"] == "spot"
    error_message = "Unexpected taints: ${jsonencode(azurerm_kubernetes_cluster_node_pool.this.node_taints)}"
  }
}

run "kernel_and_kubelet_are_configured_where_asked_for" {
  command = plan

  variables {
    configuration = {
      apps = { name = "search", vm_size = "Standard_E4s_v5", min_size = 1, max_size = 3, linux = { sysctl = { vm_max_map_count = 262144 } } }
      ops  = { kubelet = { pod_max_pid = 4096 } }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.linux_os_config[0].sysctl_config[0].vm_max_map_count == 262144 && azurerm_kubernetes_cluster_node_pool.this.kubelet_config[0].pod_max_pid == 4096
    error_message = "The settings must reach the nodes."
  }
}

run "without_such_settings_there_is_nothing_to_say" {
  command = plan

  assert {
    condition     = length(azurerm_kubernetes_cluster_node_pool.this.linux_os_config) + length(azurerm_kubernetes_cluster_node_pool.this.kubelet_config) == 0
    error_message = "An empty block would be a difference at every plan."
  }
}

run "a_pool_of_fixed_size_has_no_limits" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, desired_size = 4, autoscaling = false }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.node_count == 4 && azurerm_kubernetes_cluster_node_pool.this.min_count == null && !azurerm_kubernetes_cluster_node_pool.this.auto_scaling_enabled
    error_message = "The size must be the desired one."
  }
}

run "a_pool_can_have_a_subnet_of_its_own" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, subnet_cidr = "10.0.32.0/20" }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_subnet.this[0].address_prefixes == tolist(["10.0.32.0/20"]) && azurerm_subnet.this[0].default_outbound_access_enabled == false && length(azurerm_subnet_nat_gateway_association.this) == 1
    error_message = "The subnet must have the cluster's way out."
  }
}

run "a_subnet_that_overlaps_with_the_clusters_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, subnet_cidr = "10.0.16.0/24" }
      ops  = {}
    }
  }

  expect_failures = [azurerm_subnet.this]
}

run "a_subnet_outside_of_the_network_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, subnet_cidr = "10.1.0.0/20" }
      ops  = {}
    }
  }

  expect_failures = [azurerm_subnet.this]
}

run "a_subnet_elsewhere_gets_a_right_for_the_control_plane" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/pool" }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_role_assignment.subnet[0].scope == azurerm_kubernetes_cluster_node_pool.this.vnet_subnet_id && azurerm_role_assignment.subnet[0].principal_id == "00000000-0000-0000-0000-0000000000cc"
    error_message = "The control plane must be able to put nodes there."
  }
}

run "a_new_subnet_in_an_existing_network_is_refused" {
  command = plan

  variables {
    cluster = {
      id                    = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.ContainerService/managedClusters/gc0"
      name                  = "gc0"
      availability_zones    = []
      node_subnet_id        = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/aks"
      autoscaling           = true
      identity_principal_id = "00000000-0000-0000-0000-0000000000cc"
      labels                = {}
      tags                  = {}
    }

    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, subnet_cidr = "10.0.32.0/20" }
      ops  = {}
    }
  }

  expect_failures = [azurerm_kubernetes_cluster_node_pool.this]
}

run "gpu_nodes_can_bring_their_own_driver" {
  command = plan

  variables {
    configuration = {
      apps = { name = "gpu", vm_size = "Standard_NC4as_T4_v3", min_size = 0, max_size = 2, gpu = { driver = "None" }, disk = { type = "Ephemeral", kubelet = "OS" } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this.gpu_driver == "None" && azurerm_kubernetes_cluster_node_pool.this.os_disk_type == "Ephemeral"
    error_message = "The settings must reach the pool."
  }
}

run "the_known_keys_are_those_of_the_settings" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 9, taints = { "*" = { key = "a" } } }
      ops  = {}
    }
  }

  # The paths of both, three levels deep, which is as deep as they are.
  assert {
    condition = jsonencode(sort(flatten([for a, x in local.known_keys : !can(keys(x)) || try(length(x) == 0, true) ? [a] : flatten([
      for b, y in x : !can(keys(y)) || try(length(y) == 0, true) ? ["${a}.${b}"] : [for c in keys(y) : "${a}.${b}.${c}"]
      ])]))) == jsonencode(sort(flatten([for a, x in module.settings.settings : !can(keys(x)) || try(length(x) == 0, true) ? [a] : flatten([
      for b, y in x : !can(keys(y)) || try(length(y) == 0, true) ? ["${a}.${b}"] : [for c in keys(y) : "${a}.${b}.${c}"]
    ])])))
    error_message = "Settings and known keys differ: ${jsonencode(module.settings.settings)}"
  }
}
