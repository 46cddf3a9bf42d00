# Plans with a mocked provider: no cloud, no credentials. The ids are what the provider parses.

mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-0000000000aa"
      object_id       = "00000000-0000-0000-0000-0000000000bb"
    }
  }

  mock_data "azurerm_dns_zone" {
    defaults = { name = "existing.example.com", name_servers = ["ns1.example.com"] }
  }

  mock_data "azurerm_subnet" {
    defaults = { address_prefixes = ["10.9.0.0/20"] }
  }

  mock_data "azurerm_user_assigned_identity" {
    defaults = { principal_id = "00000000-0000-0000-0000-0000000000cc" }
  }
}

mock_provider "time" {}

variables {
  environment = "ops"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
    }

    ops = {}
  }
}

run "the_cluster_is_entered_through_entra_only" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.name == "gc0-ops-westeurope" && azurerm_kubernetes_cluster.this.local_account_disabled && azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].azure_rbac_enabled
    error_message = "There must be no account besides those of Entra."
  }

  assert {
    condition     = azurerm_role_assignment.creator[0].principal_id == "00000000-0000-0000-0000-0000000000bb" && azurerm_role_assignment.creator[0].role_definition_name == "Azure Kubernetes Service RBAC Cluster Admin"
    error_message = "Whoever creates the cluster must get in."
  }
}

run "workload_identity_and_cilium_are_on" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled
    error_message = "Pods must get identities."
  }

  assert {
    condition = (
      azurerm_kubernetes_cluster.this.network_profile[0].network_plugin == "azure" && azurerm_kubernetes_cluster.this.network_profile[0].network_plugin_mode == "overlay" &&
      azurerm_kubernetes_cluster.this.network_profile[0].network_data_plane == "cilium" && azurerm_kubernetes_cluster.this.network_profile[0].dns_service_ip == "172.20.0.10"
    )
    error_message = "The network must be the overlay with Cilium."
  }
}

run "the_contract_is_complete" {
  command = plan

  assert {
    condition     = toset(keys(output.cluster)) == toset(["name", "provider", "region", "endpoint", "ca_certificate", "version", "auth"])
    error_message = "Unexpected keys: ${join(", ", keys(output.cluster))}"
  }

  assert {
    condition = output.cluster.auth == {
      type            = "azure"
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-0000000000aa"
      resource_group  = "gc0-ops-westeurope"
      cluster_name    = "gc0-ops-westeurope"
      server_id       = "6dae42f8-4368-4678-94ff-3960e28e3630"
    }
    error_message = "The cluster must say how to reach it: ${jsonencode(output.cluster.auth)}"
  }

  assert {
    condition     = output.current_metadata.fqdn == "gc0-ops-westeurope.azure.platform.example.com" && azurerm_dns_zone.this[0].name == output.current_metadata.fqdn
    error_message = "The zone must be that of the cluster."
  }
}

run "nodes_are_private_and_leave_through_the_gateway" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].node_public_ip_enabled == false && azurerm_subnet.nodes[0].default_outbound_access_enabled == false
    error_message = "Nodes must stay private."
  }

  assert {
    condition     = length(azurerm_nat_gateway.this) == 1 && length(azurerm_nat_gateway_public_ip_association.this) == 1 && length(azurerm_subnet_nat_gateway_association.nodes) == 1 && azurerm_kubernetes_cluster.this.network_profile[0].outbound_type == "userAssignedNATGateway"
    error_message = "The way out must be the own gateway."
  }
}

run "a_load_balancer_can_be_the_way_out" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1", "2"] }
      ops  = { network = { outbound = "load_balancer", load_balancer = { public_ips = 2 } } }
    }
  }

  assert {
    condition     = length(azurerm_nat_gateway.this) + length(azurerm_public_ip.nat) == 0 && azurerm_kubernetes_cluster.this.network_profile[0].load_balancer_profile[0].managed_outbound_ip_count == 2
    error_message = "No gateway may be made."
  }
}

run "without_a_way_out_images_come_through_aks" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = [], network = { outbound = "none" } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.bootstrap_profile[0].artifact_source == "Cache" && length(azurerm_nat_gateway.this) == 0
    error_message = "Nodes without a way out need the images of the system."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].zones == null
    error_message = "A location without zones takes none."
  }
}

run "the_gateway_in_all_zones_names_none" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1", "2"], network = { nat_gateway = { sku = "StandardV2", public_ips = 2 } } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_nat_gateway.this[0].zones == null && length(azurerm_nat_gateway_public_ip_association.this) == 2 && azurerm_public_ip.nat[0].zones == toset(["1", "2"])
    error_message = "Only the other kind of gateway stands in a zone."
  }
}

run "secrets_are_encrypted_with_an_own_key" {
  command = plan

  assert {
    condition     = length(azurerm_kubernetes_cluster.this.key_management_service) == 1 && azurerm_key_vault.this[0].purge_protection_enabled && azurerm_key_vault.this[0].rbac_authorization_enabled && length(azurerm_key_vault.this[0].name) <= 24
    error_message = "Secrets must be encrypted with a key that nobody can destroy by mistake."
  }

  assert {
    condition     = azurerm_role_assignment.cluster["secrets_key"].role_definition_name == "Key Vault Crypto User" && length(azurerm_key_vault_key.disks) == 0
    error_message = "The control plane must be able to use the key."
  }
}

run "a_given_key_needs_no_own_vault" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]

        secrets_encryption = {
          key_id   = "https://kv-team.vault.azure.net/keys/aks/0123456789abcdef0123456789abcdef"
          vault_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/Microsoft.KeyVault/vaults/kv-team"
        }
      }

      ops = {}
    }
  }

  assert {
    condition     = length(azurerm_key_vault.this) + length(time_sleep.vault_roles) == 0 && azurerm_kubernetes_cluster.this.key_management_service[0].key_vault_key_id == "https://kv-team.vault.azure.net/keys/aks/0123456789abcdef0123456789abcdef"
    error_message = "The given key must be used."
  }
}

run "disks_can_be_encrypted_with_an_own_key" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], disk_encryption = { own_key = true } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_disk_encryption_set.this[0].auto_key_rotation_enabled && length(azurerm_key_vault_key.disks) == 1 && azurerm_role_assignment.cluster["disks"].role_definition_name == "Reader"
    error_message = "The disks need a key, and the control plane must see the set."
  }
}

run "an_existing_network_is_used_as_it_is" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]
        resource_group     = { existing = "team" }
        network            = { existing = { node_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/aks" } }
      }

      ops = {}
    }
  }

  assert {
    condition     = length(azurerm_resource_group.this) + length(azurerm_virtual_network.this) + length(azurerm_subnet.nodes) + length(azurerm_nat_gateway.this) == 0
    error_message = "Nothing of the network may be made."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].vnet_subnet_id == data.azurerm_subnet.existing[0].id || endswith(azurerm_kubernetes_cluster.this.default_node_pool[0].vnet_subnet_id, "/virtualNetworks/hub/subnets/aks")
    error_message = "The given subnet must be used."
  }

  assert {
    condition     = azurerm_role_assignment.cluster["network"].scope == "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/aks" && azurerm_kubernetes_cluster.this.resource_group_name == "team"
    error_message = "The control plane needs its right on that subnet only."
  }

  assert {
    condition     = output.node_pool_context.network == null && data.azurerm_subnet.existing[0].virtual_network_name == "hub"
    error_message = "Pools can make no subnets there."
  }
}

run "pods_that_overlap_with_an_existing_network_are_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]

        network = {
          pod_cidr = "10.8.0.0/15"
          existing = { node_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/aks" }
        }
      }

      ops = {}
    }
  }

  expect_failures = [data.azurerm_subnet.existing]
}

run "a_private_cluster_has_no_public_name" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], endpoint = { public = false } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled == false && azurerm_kubernetes_cluster.this.private_dns_zone_id == "System"
    error_message = "The API server must be reachable from the network only."
  }
}

run "the_api_server_can_be_in_the_network" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], endpoint = { network_integration = true } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_subnet.api_server[0].address_prefixes == tolist(["10.0.0.0/28"]) && azurerm_kubernetes_cluster.this.api_server_access_profile[0].virtual_network_integration_enabled
    error_message = "The API server needs a subnet of its own."
  }
}

run "access_is_given_by_role_assignments" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]

        access = {
          operators = { principal_id = "11111111-2222-3333-4444-555555555551" }
          team      = { principal_id = "11111111-2222-3333-4444-555555555552", policy = "edit", namespaces = ["team", "team-test"] }
          auditors  = { principal_id = "11111111-2222-3333-4444-555555555553", policy = "none" }
        }
      }

      ops = { creator_is_admin = false, access = { team = { policy = "view" } } }
    }
  }

  assert {
    condition     = keys(azurerm_role_assignment.access) == ["operators", "team/team", "team/team-test"] && keys(azurerm_role_assignment.user) == ["auditors", "operators", "team"] && length(azurerm_role_assignment.creator) == 0
    error_message = "Every principal must find the cluster, and have its policy unless it has none."
  }

  assert {
    condition     = azurerm_role_assignment.access["team/team"].role_definition_name == "Azure Kubernetes Service RBAC Reader" && azurerm_role_assignment.access["operators"].role_definition_name == "Azure Kubernetes Service RBAC Cluster Admin"
    error_message = "The policy must be that of ops."
  }
}

run "services_have_identities_for_the_zone_only" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], dns = { zone_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/dns/providers/Microsoft.Network/dnsZones/existing.example.com" } }
      ops  = { identity = { external_secrets_vaults = { team = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/Microsoft.KeyVault/vaults/kv-team" } } }
    }
  }

  assert {
    condition     = length(azurerm_dns_zone.this) == 0 && output.dns == { zone_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/dns/providers/Microsoft.Network/dnsZones/existing.example.com", zone_name = "existing.example.com", name_servers = tolist(["ns1.example.com"]) }
    error_message = "Unexpected zone: ${jsonencode(output.dns)}"
  }

  assert {
    condition     = azurerm_role_assignment.service["cert_manager"].scope == output.dns.zone_id && azurerm_role_assignment.service["external_dns"].role_definition_name == "DNS Zone Contributor" && azurerm_role_assignment.service["external_secrets-team"].role_definition_name == "Key Vault Secrets User"
    error_message = "Each service may work with its own things only."
  }

  assert {
    condition     = azurerm_federated_identity_credential.service["external_dns"].subject == "system:serviceaccount:external-dns:external-dns"
    error_message = "The identity must be that of one service account."
  }
}

run "without_a_zone_nobody_may_change_records" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], dns = { zone = false } }
      ops  = {}
    }
  }

  assert {
    condition     = output.dns == null && length(azurerm_user_assigned_identity.service) == 0
    error_message = "No identity may be made."
  }
}

run "upgrades_happen_in_windows" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"] }
      ops  = { upgrades = { channel = "none", cluster_window = { frequency = "AbsoluteMonthly", day_of_month = 7 } } }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.automatic_upgrade_channel == null && azurerm_kubernetes_cluster.this.node_os_upgrade_channel == "NodeImage"
    error_message = "Only the nodes' system may be updated."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].day_of_week == null && azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].day_of_month == 7 && azurerm_kubernetes_cluster.this.maintenance_window_node_os[0].day_of_week == "Saturday"
    error_message = "The windows must be those of ops, and otherwise the weekend."
  }
}

run "logs_are_kept_in_an_own_workspace" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.this[0].retention_in_days == 90 && length(azurerm_monitor_diagnostic_setting.control_plane[0].enabled_log) == 7 && length(azurerm_monitor_data_collection_rule.containers) == 0
    error_message = "Logs of the control plane must be kept for 90 days, those of containers only where asked for."
  }
}

run "containers_are_watched_where_asked_for" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]
        control_plane_logs = { types = [], containers = true, workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/Microsoft.OperationalInsights/workspaces/team" }
      }

      ops = {}
    }
  }

  assert {
    condition     = length(azurerm_log_analytics_workspace.this) + length(azurerm_monitor_diagnostic_setting.control_plane) == 0 && azurerm_kubernetes_cluster.this.oms_agent[0].msi_auth_for_monitoring_enabled && length(azurerm_monitor_data_collection_rule_association.containers) == 1
    error_message = "The given workspace must be used, by the cluster's identity."
  }
}

run "nodes_can_come_by_need" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], addons = { node_provisioning = true }, system_pool = { min_size = 2 } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.node_provisioning_profile[0].mode == "Auto" && azurerm_kubernetes_cluster.this.default_node_pool[0].auto_scaling_enabled == false && azurerm_kubernetes_cluster.this.default_node_pool[0].node_count == 2 && output.node_pool_context.autoscaling == false
    error_message = "With node provisioning no pool scales by itself."
  }
}

run "registries_can_be_read_by_nodes" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], registries = { team = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/Microsoft.ContainerRegistry/registries/team" } }
      ops  = {}
    }
  }

  assert {
    condition     = azurerm_role_assignment.registries["team"].role_definition_name == "AcrPull"
    error_message = "Nodes must be able to pull."
  }
}

run "names_that_azure_wants_shorter_are_cut_with_a_hash" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "a-very-long-prefix-of-forty-characters-x", base_domain = "platform.example.com", region = "germanywestcentral", availability_zones = ["1"] }
      ops  = {}
    }
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster.this.name) <= 63 && length(azurerm_kubernetes_cluster.this.dns_prefix) <= 54 && azurerm_kubernetes_cluster.this.dns_prefix != substr(azurerm_kubernetes_cluster.this.name, 0, 54) && length(azurerm_kubernetes_cluster.this.node_resource_group) <= 80
    error_message = "Unexpected names: ${azurerm_kubernetes_cluster.this.name}, ${azurerm_kubernetes_cluster.this.dns_prefix}"
  }
}

run "tags_reach_every_resource_that_takes_them" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]
        tags               = { team = "platform" }
        ingress            = { public_ip = true }
        disk_encryption    = { own_key = true }
        control_plane_logs = { containers = true }
      }

      ops = {}
    }
  }

  assert {
    condition = alltrue([
      for tags in flatten([
        [azurerm_kubernetes_cluster.this.tags, azurerm_kubernetes_cluster.this.default_node_pool[0].tags, azurerm_user_assigned_identity.kubelet.tags],
        azurerm_resource_group.this[*].tags, azurerm_virtual_network.this[*].tags, azurerm_public_ip.nat[*].tags, azurerm_nat_gateway.this[*].tags,
        azurerm_public_ip.ingress[*].tags, azurerm_user_assigned_identity.cluster[*].tags, values(azurerm_user_assigned_identity.service)[*].tags,
        azurerm_user_assigned_identity.disks[*].tags, azurerm_key_vault.this[*].tags, azurerm_key_vault_key.secrets[*].tags, azurerm_key_vault_key.disks[*].tags,
        azurerm_disk_encryption_set.this[*].tags, azurerm_log_analytics_workspace.this[*].tags, azurerm_monitor_data_collection_rule.containers[*].tags,
        azurerm_dns_zone.this[*].tags,
      ]) : tags.team == "platform" && tags.kstack-cluster == "gc0-ops-westeurope"
    ])
    error_message = "A resource lacks the tags."
  }
}

run "the_known_keys_are_those_of_the_settings" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "westeurope"
        availability_zones = ["1"]
        network            = { existing = { node_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/aks" } }
        access             = { "*" = { principal_id = "11111111-2222-3333-4444-555555555551" } }
      }

      ops = {}
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

run "an_existing_network_may_be_made_by_the_same_stack" {
  command = plan

  module {
    source = "./tests/network_of_the_same_stack"
  }

  assert {
    condition     = output.current_metadata.name == "gc0-apps-westeurope"
    error_message = "The plan must succeed although the ids of the network are not known yet."
  }
}

run "nodes_are_let_in_where_the_endpoint_is_restricted" {
  command = apply

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "westeurope", availability_zones = ["1"], endpoint = { public_cidrs = ["203.0.113.0/24"] }, dns = { zone = false }, secrets_encryption = { enabled = false } }
      ops  = {}
    }
  }

  # Whatever the provider parses needs a real shape.
  override_resource {
    target = azurerm_subnet.nodes
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.Network/virtualNetworks/gc0/subnets/nodes" }
  }

  override_resource {
    target = azurerm_virtual_network.this
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.Network/virtualNetworks/gc0" }
  }

  override_resource {
    target = azurerm_nat_gateway.this
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.Network/natGateways/gc0" }
  }

  override_resource {
    target = azurerm_public_ip.nat
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.Network/publicIPAddresses/gc0", ip_address = "198.51.100.7" }
  }

  override_resource {
    target = azurerm_user_assigned_identity.cluster
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cluster", principal_id = "00000000-0000-0000-0000-0000000000c1" }
  }

  override_resource {
    target = azurerm_user_assigned_identity.kubelet
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kubelet", principal_id = "00000000-0000-0000-0000-0000000000c2", client_id = "00000000-0000-0000-0000-0000000000c3" }
  }

  override_resource {
    target = azurerm_kubernetes_cluster.this
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.ContainerService/managedClusters/gc0", fqdn = "gc0.hcp.westeurope.azmk8s.io", kube_config = [{ cluster_ca_certificate = "Y2E=" }] }
  }

  override_resource {
    target = azurerm_log_analytics_workspace.this
    values = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc0/providers/Microsoft.OperationalInsights/workspaces/gc0" }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.api_server_access_profile[0].authorized_ip_ranges == toset(["203.0.113.0/24", "198.51.100.7/32"])
    error_message = "Nodes come from the address of the gateway."
  }

  assert {
    condition     = output.cluster.endpoint == "https://gc0.hcp.westeurope.azmk8s.io:443" && output.cluster.ca_certificate == "Y2E=" && output.dns == null
    error_message = "Unexpected cluster: ${jsonencode(output.cluster)}"
  }
}
