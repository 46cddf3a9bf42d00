# Defaults and limits. No provider is involved.

variables {
  configuration = {
    name_prefix        = "gc0"
    base_domain        = "platform.example.com"
    region             = "eu-west-1"
    availability_zones = ["eu-west-1a", "eu-west-1b"]
  }
}

run "the_defaults_are_private_nodes_and_full_logs" {
  command = plan

  assert {
    condition     = output.settings.endpoint.private && output.settings.network.nat == "per_zone" && length(output.settings.control_plane_logs.types) == 5
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "the_network_is_cut_without_overlap" {
  command = plan

  assert {
    condition = jsonencode(output.subnets) == jsonencode({
      nodes         = { eu-west-1a = "10.0.16.0/20", eu-west-1b = "10.0.32.0/20" }
      control_plane = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.1.0/24" }
      public        = { eu-west-1a = "10.0.8.0/24", eu-west-1b = "10.0.9.0/24" }
    })
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "eight_zones_fit_into_the_smallest_network" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "us-east-1"
      availability_zones = [for letter in split("", "abcdefgh") : "us-east-1${letter}"]
      network            = { cidr = "10.0.0.0/20", service_cidr = "172.20.0.0/16" }
    }
  }

  assert {
    condition     = output.subnets.nodes.us-east-1h == "10.0.8.0/24" && output.subnets.public.us-east-1h == "10.0.0.240/28"
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "own_subnets_are_taken_in_the_order_of_the_zones" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]

      network = {
        cidr    = "10.0.0.0/22"
        subnets = { nodes = ["10.0.0.0/24", "10.0.1.0/24"], control_plane = ["10.0.2.0/28", "10.0.2.16/28"], public = ["10.0.3.0/28", "10.0.3.16/28"] }
      }
    }
  }

  assert {
    condition     = output.subnets.control_plane == { eu-west-1a = "10.0.2.0/28", eu-west-1b = "10.0.2.16/28" }
    error_message = "Unexpected subnets: ${jsonencode(output.subnets)}"
  }
}

run "one_zone_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_zone_of_another_region_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-central-1b"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_patch_version_of_kubernetes_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      kubernetes_version = "1.33.1"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_support_type_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      support_type       = "NONE"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_kind_of_nat_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { nat = "two" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_cluster_without_an_endpoint_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      endpoint           = { public = false, private = false }
    }
  }

  expect_failures = [var.configuration]
}

run "a_limited_public_endpoint_that_nodes_need_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      endpoint           = { private = false, public_cidrs = ["203.0.113.0/24"] }
    }
  }

  expect_failures = [var.configuration]
}

run "a_public_cidr_without_a_length_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      endpoint           = { public_cidrs = ["203.0.113.7"] }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_log_type_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      control_plane_logs = { types = ["kubelet"] }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_access_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      access             = { team = { principal_arn = "arn:aws:iam::123456789012:role/team", policy = "root" } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_administrator_of_some_namespaces_only_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      access             = { team = { principal_arn = "arn:aws:iam::123456789012:role/team", namespaces = ["a"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_system_group_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      access             = { team = { principal_arn = "arn:aws:iam::123456789012:role/team", policy = "none", groups = ["system:masters"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_cluster_that_nobody_could_enter_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      creator_is_admin   = false
    }
  }

  expect_failures = [var.configuration]
}

run "addon_values_that_are_not_json_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      addons             = { coredns = { configuration_values = "replicaCount: 3" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_reserved_tag_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      tags               = { "aws:team" = "a" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_network_with_host_bits_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { cidr = "10.0.0.1/16" }
    }
  }

  expect_failures = [output.subnets]
}

run "a_network_that_is_not_a_cidr_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { cidr = "10.0.0.0" }
    }
  }

  expect_failures = [output.subnets]
}

run "a_network_too_small_to_be_cut_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { cidr = "10.0.0.0/24" }
    }
  }

  expect_failures = [output.subnets]
}

run "too_few_own_subnets_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { subnets = { nodes = ["10.0.16.0/20"] } }
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
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { subnets = { nodes = ["10.1.0.0/24", "10.0.32.0/24"] } }
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
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { subnets = { nodes = ["10.0.16.0/20", "10.0.24.0/21"] } }
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
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { service_cidr = "10.0.128.0/20" }
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
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { avoid_cidrs = ["10.0.0.0/8"] }
    }
  }

  expect_failures = [output.subnets]
}

run "an_unknown_kind_of_flow_logs_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { flow_logs = { enabled = true, traffic = "NONE" } }
    }
  }

  expect_failures = [var.configuration]
}

run "parts_of_a_network_that_was_already_there_are_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { existing = { vpc_id = "vpc-1", node_subnet_ids = ["subnet-1"] }, flow_logs = { enabled = true } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_endpoint_of_s3_is_refused_as_it_is_made_anyway" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { endpoints = ["s3"] }
    }
  }

  expect_failures = [var.configuration]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      control_plane_logs = { retention_days = 100 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_key_that_would_be_gone_at_once_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      secrets_encryption = { deletion_window_days = 1 }
    }
  }

  expect_failures = [var.configuration]
}

run "access_for_a_whole_account_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      access             = { partner = { principal_arn = "arn:aws:iam::123456789012:root" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_service_account_with_the_name_of_an_own_role_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      service_accounts   = { node = { namespace = "shop", policies = { read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_service_account_without_a_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      service_accounts   = { app = { namespace = "shop" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_policy_that_is_not_one_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      service_accounts   = { app = { namespace = "shop", policy = "s3:GetObject" } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_reserved_name_of_a_fargate_profile_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      fargate            = { eks-system = { namespaces = ["kube-system"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "a_fargate_profile_for_too_many_namespaces_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      fargate            = { system = { namespaces = ["a", "b", "c", "d", "e", "f"] } }
    }
  }

  expect_failures = [var.configuration]
}

run "delegating_to_a_zone_of_others_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      dns                = { zone_id = "Z1", parent_zone_id = "Z2" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_second_network_that_overlaps_the_first_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { secondary_cidrs = ["10.0.0.0/16"] }
    }
  }

  expect_failures = [output.subnets]
}

run "a_second_network_that_is_too_large_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { secondary_cidrs = ["100.64.0.0/10"] }
    }
  }

  expect_failures = [output.cidrs]
}

run "a_second_network_to_be_avoided_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { secondary_cidrs = ["100.64.0.0/16"], avoid_cidrs = ["100.64.0.0/10"] }
    }
  }

  expect_failures = [output.subnets]
}

run "networks_to_be_avoided_may_overlap_each_other" {
  command = plan

  variables {
    configuration = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b"]
      network            = { secondary_cidrs = ["100.64.0.0/16"], avoid_cidrs = ["172.16.0.0/12", "172.20.0.0/16"] }
    }
  }

  assert {
    condition     = output.cidrs == ["10.0.0.0/16", "100.64.0.0/16"]
    error_message = "Unexpected networks: ${jsonencode(output.cidrs)}"
  }
}
