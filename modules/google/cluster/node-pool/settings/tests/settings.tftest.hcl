# Defaults and limits. No provider is involved.

run "the_defaults_are_repaired_upgraded_and_shielded" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
    }
  }

  assert {
    condition     = output.settings.auto_repair && output.settings.auto_upgrade && output.settings.security.secure_boot && output.settings.security.metadata_mode == "GKE_METADATA" && output.settings.upgrade.max_surge == 1
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "a_pool_may_shrink_to_nothing" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 0
      max_size     = 3
    }
  }

  assert {
    condition     = output.settings.min_size == 0
    error_message = "No node must be possible."
  }
}

run "a_minimum_above_the_maximum_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 4
      max_size     = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_pool_that_can_have_no_node_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 0
      max_size     = 0
    }
  }

  expect_failures = [var.configuration]
}

run "a_start_outside_of_the_limits_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      initial_size = 4
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_that_is_too_long_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "a-name-that-has-one-more-than-forty-signs"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_name_in_upper_case_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "Default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
    }
  }

  expect_failures = [var.configuration]
}

run "a_family_instead_of_a_machine_type_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d"
      min_size     = 1
      max_size     = 3
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_location_policy_is_refused" {
  command = plan

  variables {
    configuration = {
      name            = "default"
      machine_type    = "n2d-standard-4"
      min_size        = 1
      max_size        = 3
      location_policy = "EVEN"
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_image_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      image_type   = "COS"
    }
  }

  expect_failures = [var.configuration]
}

run "a_version_that_google_would_upgrade_is_refused" {
  command = plan

  variables {
    configuration = {
      name               = "default"
      machine_type       = "n2d-standard-4"
      min_size           = 1
      max_size           = 3
      kubernetes_version = "1.33.4-gke.1172000"
    }
  }

  expect_failures = [var.configuration]
}

run "a_disk_too_small_for_the_system_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      disk         = { size_gib = 10 }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_effect_of_a_taint_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      taints       = { batch = { key = "dedicated", effect = "NoSchedule" } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_upgrade_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      upgrade      = { strategy = "RECREATE" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_upgrade_that_may_neither_add_nor_miss_a_node_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      upgrade      = { max_surge = 0 }
    }
  }

  expect_failures = [var.configuration]
}

run "a_batch_counted_twice_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      upgrade      = { strategy = "BLUE_GREEN", blue_green = { batch_percentage = 0.5, batch_node_count = 2 } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_driver_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      accelerator  = { type = "nvidia-l4", count = 1, driver = "NEWEST" }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_way_to_share_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      accelerator  = { type = "nvidia-l4", count = 1, sharing = { strategy = "SPLIT", max_clients = 2 } }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_metadata_server_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      security     = { metadata_mode = "NONE" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_kind_of_confidentiality_without_it_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      security     = { confidential_type = "SEV_SNP" }
    }
  }

  expect_failures = [var.configuration]
}

run "more_bandwidth_needs_the_faster_interface" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      network      = { tier_1 = true, gvnic = false }
    }
  }

  expect_failures = [var.configuration]
}

run "an_unknown_reservation_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      reservation  = { type = "MINE" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_specific_reservation_needs_its_name" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      reservation  = { type = "SPECIFIC_RESERVATION" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_reserved_label_is_refused" {
  command = plan

  variables {
    configuration = {
      name         = "default"
      machine_type = "n2d-standard-4"
      min_size     = 1
      max_size     = 3
      labels       = { "node.kubernetes.io/role" = "batch" }
    }
  }

  expect_failures = [var.configuration]
}

run "a_resource_label_in_upper_case_is_refused" {
  command = plan

  variables {
    configuration = {
      name            = "default"
      machine_type    = "n2d-standard-4"
      min_size        = 1
      max_size        = 3
      resource_labels = { Team = "a" }
    }
  }

  expect_failures = [var.configuration]
}
