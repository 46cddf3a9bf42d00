# Defaults and limits. No provider is involved.

variables {
  configuration = {
    name           = "default"
    instance_types = ["m7g.large"]
    min_size       = 1
    max_size       = 3
  }
}

run "the_defaults_are_on_demand_nodes_with_imdsv2" {
  command = plan

  assert {
    condition     = !output.settings.spot && output.settings.metadata_options.http_tokens == "required" && output.settings.metadata_options.hop_limit == 1 && output.settings.disk.type == "gp3"
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "a_name_too_long_for_eks_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "a-pool-with-a-name-that-goes-on-and-on"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_pool_without_instance_types_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = []
      min_size       = 1
      max_size       = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_minimum_above_the_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 4
      max_size       = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_desired_size_above_the_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      desired_size   = 5
    }
  }

  expect_failures = [var.configuration]
}

run "zones_and_subnets_together_are_refused" {
  command = plan

  variables {
    configuration = {
      name               = "default"
      instance_types     = ["m7g.large"]
      min_size           = 1
      max_size           = 3
      availability_zones = ["eu-west-1a"]
      subnet_ids         = ["subnet-1"]
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_disk_type_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      disk           = { type = "st1" }
    }
  }

  expect_failures = [var.configuration]
}

run "throughput_of_a_disk_that_has_none_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      disk           = { type = "gp2", throughput = 250 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_disk_too_small_for_the_system_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      disk           = { size_gib = 8 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_taint_effect_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      taints         = { gpu = { key = "gpu", effect = "NoSchedule" } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_token_mode_is_refused" {
  command = plan

  variables {
    configuration = {
      name             = "default"
      instance_types   = ["m7g.large"]
      min_size         = 1
      max_size         = 3
      metadata_options = { http_tokens = "v2" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_hop_limit_of_zero_is_refused" {
  command = plan

  variables {
    configuration = {
      name             = "default"
      instance_types   = ["m7g.large"]
      min_size         = 1
      max_size         = 3
      metadata_options = { hop_limit = 0 }
    }
  }

  expect_failures = [var.configuration]
}

run "two_limits_of_unavailable_nodes_are_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      update         = { max_unavailable = 1, max_unavailable_percentage = 10 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_label_that_kubelets_may_not_set_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      labels         = { "node-role.kubernetes.io/worker" = "" }
    }
  }

  expect_failures = [var.configuration]
}

run "subnets_that_are_there_and_subnets_to_make_together_are_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      subnet_ids     = ["subnet-1"]
      subnet_cidrs   = ["100.64.0.0/18"]
    }
  }

  expect_failures = [var.configuration]
}

run "a_subnet_with_host_bits_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      subnet_cidrs   = ["100.64.0.1/18"]
    }
  }

  expect_failures = [var.configuration]
}

run "images_of_other_systems_are_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      ami_type       = "WINDOWS_CORE_2022_x86_64"
    }
  }

  expect_failures = [var.configuration]
}

run "an_own_image_with_a_version_is_refused" {
  command = plan

  variables {
    configuration = {
      name               = "default"
      instance_types     = ["m7g.large"]
      min_size           = 1
      max_size           = 3
      ami_id             = "ami-0123456789abcdef0"
      kubernetes_version = "1.36"
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_instead_of_an_image_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      ami_id         = "hardened"
    }
  }

  expect_failures = [var.configuration]
}

run "a_patch_version_of_kubernetes_is_refused" {
  command = plan

  variables {
    configuration = {
      name               = "default"
      instance_types     = ["m7g.large"]
      min_size           = 1
      max_size           = 3
      kubernetes_version = "1.36.1"
    }
  }

  expect_failures = [var.configuration]
}

run "a_setup_script_without_interpreter_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      setup_script   = "sysctl -w vm.max_map_count=262144"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_use_of_local_disks_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      disk           = { instance_store = "raid0" }
    }
  }

  expect_failures = [var.configuration]
}

run "kubelet_fields_that_are_not_json_are_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      kubelet        = { other = "maxPods: 3" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_cpu_manager_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      kubelet        = { cpu_manager_policy = "exclusive" }
    }
  }

  expect_failures = [var.configuration]
}

run "two_sources_of_user_data_are_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      kubelet        = { max_pods = 64 }
      extra          = { user_data = "[settings]" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_update_of_no_node_at_a_time_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      update         = { max_unavailable = 0 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_update_of_more_than_all_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      instance_types = ["m7g.large"]
      min_size       = 1
      max_size       = 3
      update         = { max_unavailable_percentage = 120 }
    }
  }

  expect_failures = [var.configuration]
}
