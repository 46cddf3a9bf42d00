# Defaults and limits. No provider is involved.

variables {
  configuration = {
    name_prefix = "gc0"
    base_domain = "platform.example.com"
    project     = "platform-ops"
    region      = "europe-west1"
  }
}

run "the_defaults_are_a_way_out_full_logs_and_no_protection" {
  command = plan

  assert {
    condition     = output.settings.network.nat.enabled && length(output.settings.logging.components) == 5 && !output.settings.deletion_protection && output.settings.release_channel == "REGULAR"
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "the_network_is_cut_without_overlap" {
  command = plan

  assert {
    condition     = output.ranges.nodes == "10.0.0.0/20" && output.ranges.services == "10.0.16.0/20" && output.ranges.pods == "10.0.128.0/17"
    error_message = "Unexpected ranges: ${jsonencode(output.ranges)}"
  }
}

run "the_smallest_network_still_has_nodes" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { cidr = "10.0.16.0/20", max_pods_per_node = 32 }
    }
  }

  assert {
    condition     = output.ranges.nodes == "10.0.16.0/24" && output.ranges.services == "10.0.17.0/24" && output.ranges.pods == "10.0.24.0/21"
    error_message = "Unexpected ranges: ${jsonencode(output.ranges)}"
  }
}

run "ranges_may_lie_elsewhere" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { nodes_cidr = "172.20.0.0/22", services_cidr = "172.20.4.0/22", pods_cidr = "100.64.0.0/14", cidr = "10.0.0.0/8" }
    }
  }

  assert {
    condition     = output.ranges.nodes == "172.20.0.0/22" && output.ranges.services == "172.20.4.0/22" && output.ranges.pods == "100.64.0.0/14"
    error_message = "Unexpected ranges: ${jsonencode(output.ranges)}"
  }
}

run "networks_to_avoid_may_overlap_each_other" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { avoid_cidrs = ["10.128.0.0/9", "10.128.0.0/16"] }
    }
  }

  assert {
    condition     = output.ranges.nodes == "10.0.0.0/20" && output.ranges.services == "10.0.16.0/20" && output.ranges.pods == "10.0.128.0/17"
    error_message = "Unexpected ranges: ${jsonencode(output.ranges)}"
  }
}

run "ranges_of_an_existing_network_are_not_checked" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { cidr = "10.0.0.0/24", existing = { network = "n", subnetwork = "s", pods_range = "p", services_range = "q" } }
    }
  }

  assert {
    condition     = output.settings.network.existing.network == "n"
    error_message = "The existing network must be used."
  }
}

run "pods_and_nodes_that_overlap_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { pods_cidr = "10.0.0.0/18" }
    }
  }

  expect_failures = [output.ranges]
}

run "a_network_to_avoid_is_avoided" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { avoid_cidrs = ["10.0.130.0/24"] }
    }
  }

  expect_failures = [output.ranges]
}

run "a_range_of_a_pool_that_overlaps_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { pod_ranges = { batch = "10.0.192.0/18" } }
    }
  }

  expect_failures = [output.ranges]
}

run "host_bits_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { cidr = "10.0.0.1/16" }
    }
  }

  expect_failures = [output.ranges]
}

run "ipv6_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { cidr = "fd00::/48" }
    }
  }

  expect_failures = [output.ranges]
}

run "a_network_too_large_to_cut_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { cidr = "10.0.0.0/8" }
    }
  }

  expect_failures = [output.ranges]
}

run "a_network_too_small_for_two_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { pods_cidr = "10.0.128.0/24", max_pods_per_node = 110 }
    }
  }

  expect_failures = [output.ranges]
}

run "a_control_plane_with_more_than_sixteen_addresses_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { control_plane_cidr = "10.0.32.0/24" }
    }
  }

  expect_failures = [output.ranges]
}

run "the_name_of_a_range_that_is_taken_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { pod_ranges = { pods = "10.0.64.0/18" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_zone_of_another_region_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      zones       = ["europe-west1-b", "europe-west4-a"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_zone_given_twice_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      zones       = ["europe-west1-b", "europe-west1-b"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_of_a_version_that_is_none_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      project            = "platform-ops"
      region             = "europe-west1"
      kubernetes_version = "latest"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_release_channel_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix     = "gc0"
      base_domain     = "platform.example.com"
      project         = "platform-ops"
      region          = "europe-west1"
      release_channel = "FAST"
    }
  }

  expect_failures = [var.configuration]
}

run "more_pods_than_a_node_can_run_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { max_pods_per_node = 300 }
    }
  }

  expect_failures = [var.configuration]
}

run "more_addresses_than_a_gateway_takes_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { nat = { static_addresses = 17 } }
    }
  }

  expect_failures = [var.configuration]
}

run "both_kinds_of_port_mapping_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { nat = { endpoint_independent_mapping = true } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_limit_of_ports_needs_dynamic_ports" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { nat = { dynamic_ports = false, max_ports_per_vm = 4096 } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_kind_of_log_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { nat = { log = "SOME" } }
    }
  }

  expect_failures = [var.configuration]
}

run "custom_announcements_need_a_number" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { router = { advertise_mode = "CUSTOM", advertised_groups = ["ALL_SUBNETS"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "announcements_need_the_custom_mode" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      network     = { router = { asn = 64512, advertised_ranges = { office = "10.9.0.0/16" } } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_public_cidr_without_a_length_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      endpoint    = { public_cidrs = ["203.0.113.7"] }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_log_component_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      logging     = { components = ["SYSTEM_COMPONENTS", "KUBELET"] }
    }
  }

  expect_failures = [var.configuration]
}

run "logs_without_those_of_the_system_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      logging     = { components = ["WORKLOADS"] }
    }
  }

  expect_failures = [var.configuration]
}

run "metrics_without_those_of_the_system_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      monitoring  = { components = ["POD"] }
    }
  }

  expect_failures = [var.configuration]
}

run "a_key_of_another_region_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      project            = "platform-ops"
      region             = "europe-west1"
      secrets_encryption = { key = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_access_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      access      = { team = { member = "group:team@example.com", policy = "root" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_member_without_its_kind_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      access      = { team = { member = "team@example.com" } }
    }
  }

  expect_failures = [var.configuration]
}

run "another_group_for_rbac_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix   = "gc0"
      base_domain   = "platform.example.com"
      project       = "platform-ops"
      region        = "europe-west1"
      access_groups = "admins@example.com"
    }
  }

  expect_failures = [var.configuration]
}

run "a_role_without_its_prefix_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      identity    = { services = { queue = { namespace = "q", service_account = "w", roles = ["pubsub.publisher"] } } }
    }
  }

  expect_failures = [var.configuration]
}

run "the_name_of_a_built_in_service_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      identity    = { services = { external_dns = { namespace = "q", service_account = "w", roles = ["roles/dns.admin"] } } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_time_that_is_none_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      maintenance = { daily_start = "25:00" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_exclusion_that_ends_before_it_starts_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      maintenance = { exclusions = { holidays = { start_time = "2027-01-03T00:00:00Z", end_time = "2026-12-20T00:00:00Z" } } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_scope_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      maintenance = { exclusions = { holidays = { start_time = "2026-12-20T00:00:00Z", end_time = "2027-01-03T00:00:00Z", scope = "ALL" } } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_window_that_ends_before_it_starts_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      maintenance = { recurring = { start_time = "2026-01-03T08:00:00Z", end_time = "2026-01-03T02:00:00Z", recurrence = "FREQ=DAILY" } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_autoscaling_profile_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      autoscaling = { profile = "FAST" }
    }
  }

  expect_failures = [var.configuration]
}

run "pools_without_limits_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      autoscaling = { auto_provisioning = { enabled = true, limits = { cpu = { maximum = 64 } } } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_minimum_above_its_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      autoscaling = { auto_provisioning = { limits = { cpu = { minimum = 65, maximum = 64 } } } }
    }
  }

  expect_failures = [var.configuration]
}

run "gateways_without_load_balancers_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      ingress     = { http_load_balancing = false }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_gateway_channel_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      ingress     = { gateway_channel = "CHANNEL_BETA" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_posture_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1"
      security    = { posture = "STRICT" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_label_in_upper_case_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix     = "gc0"
      base_domain     = "platform.example.com"
      project         = "platform-ops"
      region          = "europe-west1"
      resource_labels = { Team = "platform" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_of_a_project_that_is_none_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "Platform"
      region      = "europe-west1"
    }
  }

  expect_failures = [var.configuration]
}

run "a_zone_instead_of_a_region_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
      project     = "platform-ops"
      region      = "europe-west1-b"
    }
  }

  expect_failures = [var.configuration]
}
