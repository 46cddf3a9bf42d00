# Defaults and limits. No provider is involved.

variables {
  configuration = {
    name_prefix        = "gc0"
    base_domain        = "platform.example.com"
    region             = "westeurope"
    availability_zones = ["1", "2", "3"]
  }
}

run "the_defaults_are_private_nodes_encrypted_secrets_and_a_standard_tier" {
  command = plan

  assert {
    condition     = output.settings.network.outbound == "nat_gateway" && output.settings.secrets_encryption.enabled && output.settings.sku_tier == "Standard" && !output.settings.local_accounts && output.settings.upgrades.channel == "patch"
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "the_network_is_cut_without_overlap" {
  command = plan

  assert {
    condition     = output.subnets == { nodes = "10.0.16.0/20", api_server = "10.0.0.0/28", dns_service_ip = "172.20.0.10" }
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "the_smallest_network_is_cut_too" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = []
      network            = { cidr = "10.0.0.0/24" }
      endpoint           = { network_integration = true }
    }
  }

  assert {
    condition     = output.subnets.nodes == "10.0.0.16/28" && output.subnets.api_server == "10.0.0.0/28"
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "own_subnets_are_taken_as_they_are" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1"]
      network            = { cidr = "10.0.0.0/12", subnets = { nodes = "10.1.0.0/16", api_server = "10.0.0.0/27" } }
    }
  }

  assert {
    condition     = output.subnets.nodes == "10.1.0.0/16"
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "a_network_that_cannot_be_cut_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { cidr = "10.0.0.0/12" }
    }
  }

  expect_failures = [output.subnets]
}

run "a_network_with_host_bits_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { cidr = "10.0.0.1/16" }
    }
  }

  expect_failures = [output.subnets]
}

run "what_is_no_network_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { cidr = "10.0.0.0" }
    }
  }

  expect_failures = [output.subnets]
}

run "ipv6_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { cidr = "fd00::/16" }
    }
  }

  expect_failures = [output.subnets]
}

run "a_subnet_outside_of_the_network_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { subnets = { nodes = "10.1.0.0/20" } }
    }
  }

  expect_failures = [output.subnets]
}

run "subnets_that_overlap_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      endpoint           = { network_integration = true }
      network            = { subnets = { nodes = "10.0.0.0/20", api_server = "10.0.1.0/28" } }
    }
  }

  expect_failures = [output.subnets]
}

run "pods_inside_of_the_network_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { pod_cidr = "10.0.128.0/20" }
    }
  }

  expect_failures = [output.subnets]
}

run "services_inside_of_the_network_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { service_cidr = "10.0.128.0/20" }
    }
  }

  expect_failures = [output.subnets]
}

run "services_among_the_pods_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { service_cidr = "10.244.8.0/24" }
    }
  }

  expect_failures = [output.subnets]
}

run "a_network_to_be_avoided_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { avoid_cidrs = ["10.0.0.0/8"] }
    }
  }

  expect_failures = [output.subnets]
}

run "pods_in_a_network_to_be_avoided_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { avoid_cidrs = ["10.244.0.0/24"] }
    }
  }

  expect_failures = [output.subnets]
}

run "a_network_that_aks_keeps_to_itself_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { service_cidr = "172.30.0.0/16" }
    }
  }

  expect_failures = [output.subnets]
}

run "pods_of_less_than_one_node_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { pod_cidr = "10.244.0.0/25" }
    }
  }

  expect_failures = [output.subnets]
}

run "dns_outside_of_the_services_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { dns_service_ip = "10.0.0.10" }
    }
  }

  expect_failures = [output.subnets]
}

run "dns_on_the_address_of_the_api_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { dns_service_ip = "172.20.0.1" }
    }
  }

  expect_failures = [output.subnets]
}

run "an_api_server_without_room_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      endpoint           = { network_integration = true }
      network            = { subnets = { api_server = "10.0.0.0/29" } }
    }
  }

  expect_failures = [output.subnets]
}

run "a_display_name_of_a_region_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "West Europe"
      availability_zones = ["1", "2", "3"]
    }
  }

  expect_failures = [var.configuration]
}

run "zones_with_a_region_in_their_name_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["westeurope-1"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_zone_twice_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "1"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_version_that_is_none_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      kubernetes_version = "latest"
    }
  }

  expect_failures = [var.configuration]
}

run "a_patch_version_is_refused_where_aks_chooses_patches" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      kubernetes_version = "1.33.2"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      sku_tier           = "Gold"
    }
  }

  expect_failures = [var.configuration]
}

run "long_term_support_is_refused_without_its_tier" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      support_plan       = "AKSLongTermSupport"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_way_out_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { outbound = "nat" }
    }
  }

  expect_failures = [var.configuration]
}

run "own_routes_are_refused_without_a_network_that_has_them" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { outbound = "user_defined_routing" }
    }
  }

  expect_failures = [var.configuration]
}

run "seventeen_addresses_of_a_gateway_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { nat_gateway = { public_ips = 17 } }
    }
  }

  expect_failures = [var.configuration]
}

run "ports_in_odd_steps_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { load_balancer = { ports_per_node = 1001 } }
    }
  }

  expect_failures = [var.configuration]
}

run "what_is_no_subnet_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      network            = { existing = { node_subnet_id = "nodes" } }
    }
  }

  expect_failures = [var.configuration]
}

run "no_allowed_networks_at_all_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      endpoint           = { public_cidrs = [] }
    }
  }

  expect_failures = [var.configuration]
}

run "allowed_networks_of_a_private_cluster_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      endpoint           = { public = false, public_cidrs = ["203.0.113.0/24"] }
    }
  }

  expect_failures = [var.configuration]
}

run "what_is_no_private_zone_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      endpoint           = { public = false, private_dns_zone_id = "zone" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      access             = { team = { principal_id = "11111111-2222-3333-4444-555555555551", policy = "owner" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_cluster_admin_of_a_namespace_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      access             = { team = { principal_id = "11111111-2222-3333-4444-555555555551", namespaces = ["team"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_principal_by_name_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      access             = { team = { principal_id = "team" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_cluster_that_nobody_can_enter_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      creator_is_admin   = false
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_log_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      control_plane_logs = { types = ["audit"] }
    }
  }

  expect_failures = [var.configuration]
}

run "logs_kept_for_a_week_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      control_plane_logs = { retention_days = 7 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_key_without_its_vault_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      secrets_encryption = { key_id = "https://kv.vault.azure.net/keys/k/0123" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_key_without_its_version_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      secrets_encryption = { key_id = "https://kv.vault.azure.net/keys/k", vault_id = "v" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_private_own_vault_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      secrets_encryption = { network_access = "Private" }
    }
  }

  expect_failures = [var.configuration]
}

run "two_sources_of_disk_keys_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      disk_encryption    = { own_key = true, set_id = "s" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_channel_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      upgrades           = { channel = "fast" }
    }
  }

  expect_failures = [var.configuration]
}

run "node_images_by_two_channels_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      upgrades           = { channel = "node-image", node_os_channel = "None" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_window_too_short_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      upgrades           = { node_os_window = { duration = 2 } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_monthly_window_without_a_day_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      upgrades           = { cluster_window = { frequency = "AbsoluteMonthly" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_daily_window_with_a_day_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      upgrades           = { cluster_window = { frequency = "Daily", day_of_week = "Sunday" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_minimum_above_the_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      system_pool        = { min_size = 6, max_size = 5 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_system_pool_without_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      system_pool        = { min_size = 0 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_system_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      system_pool        = { os_sku = "CoreOS" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_surge_that_is_no_number_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      system_pool        = { max_surge = "half" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_image_cleaner_every_hour_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      image_cleaner      = { interval_hours = 1 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_expander_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      autoscaler         = { expander = "cheapest" }
    }
  }

  expect_failures = [var.configuration]
}

run "cost_analysis_of_the_free_tier_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      sku_tier           = "Free"
      extra              = { cost_analysis_enabled = true }
    }
  }

  expect_failures = [var.configuration]
}

run "tags_that_azure_keeps_to_itself_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      tags               = { azure-team = "a" }
    }
  }

  expect_failures = [var.configuration]
}
