# Defaults and limits. No provider is involved.

variables {
  configuration = { name = "default", vm_size = "Standard_D4s_v5", min_size = 1, max_size = 3 }
}

run "the_defaults_are_a_regular_pool_that_scales" {
  command = plan

  assert {
    condition     = output.settings.autoscaling && !output.settings.spot && output.settings.mode == "User" && output.settings.disk.type == "Managed"
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "kernel_settings_within_their_ranges_are_taken" {
  command = plan

  variables {
    configuration = { name = "search", vm_size = "Standard_E4s_v5", min_size = 0, max_size = 3, linux = { sysctl = { vm_max_map_count = 262144, net_core_somaxconn = 16384 } } }
  }

  assert {
    condition     = output.settings.linux.sysctl.vm_max_map_count == 262144
    error_message = "Unexpected settings: ${jsonencode(output.settings.linux)}"
  }
}

run "a_name_too_long_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "averylongname1"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_with_a_hyphen_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "gpu-1"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
    }
  }

  expect_failures = [var.configuration]
}

run "the_name_of_the_system_pool_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "system"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_minimum_above_the_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 4
      max_size = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_desired_size_beyond_the_limits_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      vm_size      = "Standard_D4s_v5"
      min_size     = 1
      max_size     = 3
      desired_size = 9
    }
  }

  expect_failures = [var.configuration]
}

run "a_system_pool_on_spot_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      mode     = "System"
      spot     = true
    }
  }

  expect_failures = [var.configuration]
}

run "a_price_without_spot_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      vm_size        = "Standard_D4s_v5"
      min_size       = 1
      max_size       = 3
      spot_max_price = 0.5
    }
  }

  expect_failures = [var.configuration]
}

run "a_price_of_nothing_is_refused" {
  command = plan

  variables {
    configuration = {
      name           = "default"
      vm_size        = "Standard_D4s_v5"
      min_size       = 1
      max_size       = 3
      spot           = true
      spot_max_price = 0
    }
  }

  expect_failures = [var.configuration]
}

run "surge_of_spot_nodes_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      spot     = true
      update   = { max_surge = "1" }
    }
  }

  expect_failures = [var.configuration]
}

run "two_subnets_are_refused" {
  command = plan

  variables {
    configuration = {
      name        = "default"
      vm_size     = "Standard_D4s_v5"
      min_size    = 1
      max_size    = 3
      subnet_id   = "s"
      subnet_cidr = "10.0.32.0/20"
    }
  }

  expect_failures = [var.configuration]
}

run "what_is_no_subnet_is_refused" {
  command = plan

  variables {
    configuration = {
      name        = "default"
      vm_size     = "Standard_D4s_v5"
      min_size    = 1
      max_size    = 3
      subnet_cidr = "10.0.32.0"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_system_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      os_sku   = "Windows2022"
    }
  }

  expect_failures = [var.configuration]
}

run "too_many_pods_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      max_pods = 251
    }
  }

  expect_failures = [var.configuration]
}

run "a_disk_too_small_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      disk     = { size_gib = 20 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_disk_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      disk     = { type = "Premium" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_effect_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      taints   = { a = { key = "a", effect = "NoSchedule" } }
    }
  }

  expect_failures = [var.configuration]
}

run "labels_of_kubernetes_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      labels   = { "node.kubernetes.io/a" = "b" }
    }
  }

  expect_failures = [var.configuration]
}

run "surge_and_unavailable_together_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      update   = { max_surge = "1", max_unavailable = "1" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_pause_too_long_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      update   = { node_soak_minutes = 31 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_driver_without_a_gpu_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      gpu      = { driver = "None" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_cpu_manager_is_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      kubelet  = { cpu_manager_policy = "dynamic" }
    }
  }

  expect_failures = [var.configuration]
}

run "thresholds_in_the_wrong_order_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      kubelet  = { image_gc_low_threshold = 90 }
    }
  }

  expect_failures = [var.configuration]
}

run "unknown_huge_pages_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      linux    = { transparent_huge_page = "sometimes" }
    }
  }

  expect_failures = [var.configuration]
}

run "kernel_settings_out_of_range_are_refused" {
  command = plan

  variables {
    configuration = {
      name     = "default"
      vm_size  = "Standard_D4s_v5"
      min_size = 1
      max_size = 3
      linux    = { sysctl = { vm_max_map_count = 1, vm_swappiness = 101 } }
    }
  }

  expect_failures = [output.settings]
}
