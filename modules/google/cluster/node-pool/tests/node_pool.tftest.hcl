# Plans with a mocked provider: no cloud, no credentials.

mock_provider "google" {}

variables {
  environment = "ops"

  cluster = {
    name            = "gc0-ops-europe-west1"
    project         = "platform-ops"
    location        = "europe-west1"
    zones           = ["europe-west1-b", "europe-west1-c"]
    service_account = "gc0-nodes@platform-ops.iam.gserviceaccount.com"
    labels          = { "kstack.dev/cluster" = "gc0-ops-europe-west1" }
    resource_labels = { kstack-cluster = "gc0-ops-europe-west1" }
  }

  configuration = {
    apps = { name = "default", machine_type = "n2d-standard-4", min_size = 3, max_size = 9 }
    ops  = { min_size = 1 }
  }
}

run "a_pool_spans_the_zones_of_the_cluster_and_counts_over_all" {
  command = plan

  assert {
    condition     = google_container_node_pool.this.node_locations == toset(["europe-west1-b", "europe-west1-c"]) && google_container_node_pool.this.cluster == "gc0-ops-europe-west1"
    error_message = "Zones and cluster must be those of the context."
  }

  assert {
    condition     = google_container_node_pool.this.autoscaling[0].total_min_node_count == 1 && google_container_node_pool.this.autoscaling[0].total_max_node_count == 9 && google_container_node_pool.this.autoscaling[0].location_policy == "BALANCED"
    error_message = "The pool must keep the minimum of ops and the maximum of apps."
  }

  assert {
    condition     = google_container_node_pool.this.initial_node_count == 1
    error_message = "One node, rounded up to one in each zone, is where it starts."
  }
}

run "a_pool_may_count_in_each_zone" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", machine_type = "n2d-standard-4", min_size = 2, max_size = 3, sizes_per_zone = true, zones = ["europe-west1-c"], initial_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.autoscaling[0].min_node_count == 2 && google_container_node_pool.this.autoscaling[0].max_node_count == 3 && google_container_node_pool.this.autoscaling[0].total_max_node_count == null && google_container_node_pool.this.initial_node_count == 3
    error_message = "The sizes must be those of a zone."
  }

  assert {
    condition     = google_container_node_pool.this.node_locations == toset(["europe-west1-c"])
    error_message = "The pool must be in its zone only."
  }
}

run "nodes_are_private_shielded_and_take_the_identity_of_the_cluster" {
  command = plan

  assert {
    condition     = google_container_node_pool.this.network_config[0].enable_private_nodes && google_container_node_pool.this.node_config[0].shielded_instance_config[0].enable_secure_boot && google_container_node_pool.this.node_config[0].workload_metadata_config[0].mode == "GKE_METADATA"
    error_message = "Nodes must have no public address, boot signed code, and hide their metadata from pods."
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].service_account == var.cluster.service_account && google_container_node_pool.this.node_config[0].metadata["disable-legacy-endpoints"] == "true" && google_container_node_pool.this.node_config[0].kubelet_config[0].insecure_kubelet_readonly_port_enabled == "FALSE"
    error_message = "Unexpected identity or metadata."
  }
}

run "labels_reach_nodes_and_machines" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", machine_type = "n2d-standard-4", min_size = 1, max_size = 3, labels = { team = "a" }, resource_labels = { cost-centre = "b" } }
      ops  = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].labels == tomap({ "kstack.dev/cluster" = "gc0-ops-europe-west1", "kstack.dev/node-pool" = "default", team = "a" })
    error_message = "Unexpected labels: ${jsonencode(google_container_node_pool.this.node_config[0].labels)}"
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].resource_labels == tomap({ kstack-cluster = "gc0-ops-europe-west1", kstack-node-pool = "default", cost-centre = "b" })
    error_message = "Unexpected labels: ${jsonencode(google_container_node_pool.this.node_config[0].resource_labels)}"
  }
}

run "spot_nodes_with_taints_are_taken_where_there_are_some" {
  command = plan

  variables {
    configuration = {
      apps = { name = "batch", machine_type = "n2d-standard-4", min_size = 0, max_size = 20, spot = true, taints = { batch = { key = "dedicated", value = "batch" } } }
      ops  = { taints = { drain = { key = "drain", effect = "NO_EXECUTE" } } }
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].spot && google_container_node_pool.this.autoscaling[0].location_policy == "ANY" && google_container_node_pool.this.initial_node_count == 0
    error_message = "The pool must be spot, and start without nodes."
  }

  assert {
    condition     = toset([for taint in google_container_node_pool.this.node_config[0].taint : "${taint.key}:${taint.effect}"]) == toset(["dedicated:NO_SCHEDULE", "drain:NO_EXECUTE"])
    error_message = "Both taints must be set."
  }
}

run "arm_machines_that_take_hyperdisks_only_get_them" {
  command = plan

  variables {
    configuration = {
      apps = { name = "arm", machine_type = "c4a-standard-4", min_size = 1, max_size = 3, disk = { size_gib = 200, kms_key = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" } }
      ops  = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].disk_type == "hyperdisk-balanced" && google_container_node_pool.this.node_config[0].disk_size_gb == 200 && endswith(google_container_node_pool.this.node_config[0].boot_disk_kms_key, "/k")
    error_message = "Unexpected disk: ${google_container_node_pool.this.node_config[0].disk_type}"
  }
}

run "gpus_get_their_driver_and_are_shared" {
  command = plan

  variables {
    configuration = {
      apps = { name = "gpu", machine_type = "g2-standard-8", min_size = 0, max_size = 3, accelerator = { type = "nvidia-l4", count = 1, sharing = { max_clients = 4 } }, local_ssd = { ephemeral_count = 1 } }
      ops  = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].guest_accelerator[0].gpu_driver_installation_config[0].gpu_driver_version == "DEFAULT" && google_container_node_pool.this.node_config[0].guest_accelerator[0].gpu_sharing_config[0].gpu_sharing_strategy == "TIME_SHARING" && google_container_node_pool.this.node_config[0].guest_accelerator[0].gpu_sharing_config[0].max_shared_clients_per_gpu == 4
    error_message = "Unexpected accelerator: ${jsonencode(google_container_node_pool.this.node_config[0].guest_accelerator)}"
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].ephemeral_storage_local_ssd_config[0].local_ssd_count == 1
    error_message = "The local disk must be storage of pods."
  }
}

run "kubelet_and_kernel_are_configured" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", machine_type = "n2d-standard-4", min_size = 1, max_size = 3, kubelet = { pod_pids_limit = 2048, cpu_manager_policy = "static" }, linux = { sysctls = { "net.core.somaxconn" = "4096" } } }
      ops  = { kubelet = { pod_pids_limit = 4096 }, linux = { hugepages_2m = 128 } }
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].kubelet_config[0].pod_pids_limit == 4096 && google_container_node_pool.this.node_config[0].kubelet_config[0].cpu_manager_policy == "static"
    error_message = "The kubelet must be configured."
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].linux_node_config[0].sysctls["net.core.somaxconn"] == "4096" && google_container_node_pool.this.node_config[0].linux_node_config[0].hugepages_config[0].hugepage_size_2m == 128
    error_message = "The kernel must be configured."
  }
}

run "upgrades_replace_one_node_at_a_time" {
  command = plan

  assert {
    condition     = google_container_node_pool.this.upgrade_settings[0].strategy == "SURGE" && google_container_node_pool.this.upgrade_settings[0].max_surge == 1 && google_container_node_pool.this.upgrade_settings[0].max_unavailable == 0
    error_message = "No node may be missing meanwhile."
  }
}

run "upgrades_may_have_a_second_set_of_nodes" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", machine_type = "n2d-standard-4", min_size = 1, max_size = 3, upgrade = { strategy = "BLUE_GREEN", blue_green = { batch_node_count = 2 } } }
      ops  = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.upgrade_settings[0].blue_green_settings[0].standard_rollout_policy[0].batch_node_count == 2 && google_container_node_pool.this.upgrade_settings[0].blue_green_settings[0].node_pool_soak_duration == "3600s"
    error_message = "Unexpected steps: ${jsonencode(google_container_node_pool.this.upgrade_settings)}"
  }
}

run "reserved_and_confidential_nodes_can_be_had" {
  command = plan

  variables {
    configuration = {
      apps = {
        name              = "secure"
        machine_type      = "n2d-standard-4"
        min_size          = 1
        max_size          = 3
        reservation       = { type = "SPECIFIC_RESERVATION", names = ["ours"] }
        security          = { confidential = true }
        network           = { pods_range = "secure", tags = ["secure"], max_pods_per_node = 32 }
        compact_placement = true
        service_account   = "secure@platform-ops.iam.gserviceaccount.com"
        extra             = { threads_per_core = 1, min_cpu_platform = "AMD Milan" }
      }

      ops = {}
    }
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].reservation_affinity[0].key == "compute.googleapis.com/reservation-name" && google_container_node_pool.this.node_config[0].confidential_nodes[0].enabled
    error_message = "The nodes must be what was asked for."
  }

  assert {
    condition     = google_container_node_pool.this.network_config[0].pod_range == "secure" && google_container_node_pool.this.max_pods_per_node == 32 && google_container_node_pool.this.placement_policy[0].type == "COMPACT" && google_container_node_pool.this.node_config[0].service_account == "secure@platform-ops.iam.gserviceaccount.com"
    error_message = "The pool must be what was asked for."
  }

  assert {
    condition     = google_container_node_pool.this.node_config[0].advanced_machine_features[0].threads_per_core == 1 && google_container_node_pool.this.node_config[0].min_cpu_platform == "AMD Milan"
    error_message = "Extra arguments must reach the nodes."
  }
}

run "a_zone_outside_of_the_region_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", machine_type = "n2d-standard-4", min_size = 1, max_size = 3, zones = ["europe-west4-a"] }
      ops  = {}
    }
  }

  expect_failures = [google_container_node_pool.this]
}
