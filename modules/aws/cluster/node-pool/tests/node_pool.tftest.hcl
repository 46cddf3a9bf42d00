# Plans with a mocked provider: no cloud, no credentials.

mock_provider "aws" {}

variables {
  environment = "ops"

  cluster = {
    name               = "gc0-ops-eu-west-1"
    kubernetes_version = "1.36"
    node_role_arn      = "arn:aws:iam::123456789012:role/gc0-ops-eu-west-1-node"
    endpoint           = "https://example.eks.amazonaws.com"
    ca_certificate     = "YSBjZXJ0aWZpY2F0ZQ=="
    service_cidr       = "172.20.0.0/16"
    security_group_id  = "sg-1"
    node_subnet_ids    = { eu-west-1a = ["subnet-1"], eu-west-1b = ["subnet-2"] }
    labels             = { "kstack.dev/cluster" = "gc0-ops-eu-west-1" }
    tags               = { kstack-cluster = "gc0-ops-eu-west-1" }

    network = {
      vpc_id          = "vpc-1"
      cidrs           = ["10.0.0.0/16", "100.64.0.0/16"]
      subnet_cidrs    = ["10.0.16.0/20", "10.0.32.0/20"]
      route_table_ids = { eu-west-1a = "rtb-1", eu-west-1b = "rtb-2" }
    }
  }

  configuration = {
    apps = { name = "default", instance_types = ["m7i.large"], min_size = 3, max_size = 9 }
    ops  = { min_size = 1 }
  }
}

run "a_pool_spans_the_zones_of_the_cluster" {
  command = plan

  assert {
    condition     = aws_eks_node_group.this.subnet_ids == toset(["subnet-1", "subnet-2"]) && aws_eks_node_group.this.version == "1.36" && aws_eks_node_group.this.node_role_arn == var.cluster.node_role_arn
    error_message = "Subnets, version and role must be those of the cluster."
  }

  assert {
    condition     = aws_eks_node_group.this.scaling_config[0].min_size == 1 && aws_eks_node_group.this.scaling_config[0].desired_size == 1 && aws_eks_node_group.this.scaling_config[0].max_size == 9
    error_message = "The pool must start with the minimum of ops and keep the maximum of apps."
  }

  assert {
    condition     = aws_eks_node_group.this.update_config[0].max_unavailable_percentage == 33 && aws_eks_node_group.this.capacity_type == "ON_DEMAND"
    error_message = "A third of the nodes may be replaced at a time, and none is spot."
  }
}

run "the_disk_is_encrypted_and_imdsv2_required" {
  command = plan

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Pods must not reach the metadata of their node."
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.this.block_device_mappings[0].ebs[0].volume_type == "gp3" && aws_launch_template.this.block_device_mappings[0].device_name == "/dev/xvda"
    error_message = "The disk must be encrypted."
  }

  assert {
    condition     = aws_launch_template.this.user_data == null
    error_message = "Without settings for the kubelet there is nothing to say."
  }
}

run "tags_and_labels_reach_nodes_and_disks" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7i.large"], min_size = 1, max_size = 3, labels = { team = "a" }, tags = { cost-centre = "b" } }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.labels == tomap({ "kstack.dev/cluster" = "gc0-ops-eu-west-1", "kstack.dev/node-pool" = "default", team = "a" })
    error_message = "Unexpected labels: ${jsonencode(aws_eks_node_group.this.labels)}"
  }

  assert {
    condition     = alltrue([for specification in aws_launch_template.this.tag_specifications : specification.tags.cost-centre == "b" && specification.tags.kstack-cluster == "gc0-ops-eu-west-1"])
    error_message = "Instances, disks and interfaces must have the tags."
  }
}

run "spot_nodes_with_taints_in_one_zone" {
  command = plan

  variables {
    configuration = {
      apps = {
        name               = "batch"
        instance_types     = ["m7i.large", "m6i.large"]
        min_size           = 0
        max_size           = 20
        spot               = true
        availability_zones = ["eu-west-1b"]
        taints             = { batch = { key = "dedicated", value = "batch" } }
      }

      ops = { taints = { drain = { key = "drain", effect = "NO_EXECUTE" } } }
    }
  }

  assert {
    condition     = aws_eks_node_group.this.capacity_type == "SPOT" && aws_eks_node_group.this.subnet_ids == toset(["subnet-2"])
    error_message = "The pool must be spot and in its zone."
  }

  assert {
    condition     = toset([for taint in aws_eks_node_group.this.taint : "${taint.key}:${taint.effect}"]) == toset(["dedicated:NO_SCHEDULE", "drain:NO_EXECUTE"])
    error_message = "Both taints must be set."
  }
}

run "the_kubelet_is_configured_through_user_data" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7i.large"], min_size = 1, max_size = 3, kubelet = { max_pods = 64, kube_reserved = { cpu = "100m" } } }
      ops  = {}
    }
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "\"kubelet\":{\"config\":{\"kubeReserved\":{\"cpu\":\"100m\"},\"maxPods\":64}}")
    error_message = "Unexpected user data: ${base64decode(aws_launch_template.this.user_data)}"
  }
}

run "graviton_types_get_arm_images" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7g.large", "c6gn.large", "a1.large", "x2gd.large"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_ARM_64_STANDARD"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "intel_and_amd_types_get_x86_images" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7i.large", "c7a.large", "r6id.large", "u7in-16tb.224xlarge"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_x86_64_STANDARD"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "nvidia_types_get_gpu_images" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["g4dn.xlarge", "g6e.xlarge", "p5.48xlarge", "gr6.4xlarge"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_x86_64_NVIDIA"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "graviton_types_with_gpus_get_both" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["g5g.xlarge"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_ARM_64_NVIDIA"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "amd_gpus_get_no_nvidia_images" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["g4ad.xlarge"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_x86_64_STANDARD"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "neuron_types_get_neuron_images" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["inf2.xlarge", "trn1.2xlarge"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_x86_64_NEURON"
    error_message = "Unexpected image: ${aws_eks_node_group.this.ami_type}"
  }
}

run "types_of_two_architectures_are_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7g.large", "m7i.large"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  expect_failures = [aws_eks_node_group.this]
}

run "a_zone_that_the_cluster_is_not_in_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7g.large"], availability_zones = ["eu-west-1c"], min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  expect_failures = [aws_eks_node_group.this]
}

run "kubelet_settings_for_bottlerocket_are_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7g.large"], ami_type = "BOTTLEROCKET_ARM_64", kubelet = { max_pods = 64 }, min_size = 1, max_size = 3 }
      ops  = {}
    }
  }

  expect_failures = [aws_eks_node_group.this]
}

run "a_pool_can_have_subnets_of_its_own" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        subnet_cidrs   = ["100.64.0.0/18", "100.64.64.0/18"]
      }

      ops = {}
    }

  }

  assert {
    condition     = aws_subnet.this["eu-west-1b"].cidr_block == "100.64.64.0/18" && !aws_subnet.this["eu-west-1b"].map_public_ip_on_launch && aws_route_table_association.this["eu-west-1b"].route_table_id == "rtb-2"
    error_message = "Each zone must have a private subnet with the way out of its zone."
  }
}

run "a_subnet_outside_of_the_network_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        subnet_cidrs   = ["100.64.0.0/18", "100.65.0.0/18"]
      }

      ops = {}
    }

  }

  expect_failures = [aws_eks_node_group.this]
}

run "a_subnet_that_overlaps_one_of_the_cluster_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        subnet_cidrs   = ["10.0.16.0/24", "100.64.64.0/18"]
      }

      ops = {}
    }

  }

  expect_failures = [aws_eks_node_group.this]
}

run "too_few_subnets_are_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        subnet_cidrs   = ["100.64.0.0/18"]
      }

      ops = {}
    }

  }

  expect_failures = [aws_eks_node_group.this]
}

run "subnets_in_a_network_that_was_already_there_are_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        subnet_cidrs   = ["100.64.0.0/18", "100.64.64.0/18"]
      }

      ops = {}
    }

    cluster = {
      name               = "gc0-ops-eu-west-1"
      kubernetes_version = "1.36"
      node_role_arn      = "arn:aws:iam::123456789012:role/gc0-ops-eu-west-1-node"
      endpoint           = "https://example.eks.amazonaws.com"
      ca_certificate     = "YSBjZXJ0aWZpY2F0ZQ=="
      service_cidr       = "172.20.0.0/16"
      security_group_id  = "sg-1"
      node_subnet_ids    = { eu-west-1a = ["subnet-1"], eu-west-1b = ["subnet-2"] }
      labels             = {}
      tags               = {}
    }
  }

  expect_failures = [aws_eks_node_group.this]
}

run "the_group_of_the_cluster_stays_beside_others" {
  command = plan

  variables {
    configuration = {
      apps = {
        name               = "default"
        instance_types     = ["m7g.large"]
        min_size           = 1
        max_size           = 3
        security_group_ids = ["sg-2"]
      }

      ops = {}
    }

  }

  assert {
    condition     = aws_launch_template.this.vpc_security_group_ids == toset(["sg-1", "sg-2"])
    error_message = "Nodes must still reach the control plane."
  }
}

run "an_own_image_is_told_the_address_of_the_cluster" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        ami_id         = "ami-0123456789abcdef0"
      }

      ops = {}
    }

  }

  assert {
    condition     = aws_launch_template.this.image_id == "ami-0123456789abcdef0" && strcontains(base64decode(aws_launch_template.this.user_data), "\"apiServerEndpoint\":\"https://example.eks.amazonaws.com\"")
    error_message = "The image must know where to join."
  }
}

run "user_data_is_a_script_and_a_node_config" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        setup_script   = "#!/bin/sh\nsysctl -w vm.max_map_count=262144"
        disk           = { instance_store = "RAID0" }
        kubelet        = { other = jsonencode({ imageGCHighThresholdPercent = 70 }) }
      }

      ops = {}
    }

  }

  assert {
    condition = base64decode(aws_launch_template.this.user_data) == join("\n", [
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=\"kstack\"",
      "",
      "--kstack",
      "Content-Type: text/x-shellscript; charset=\"utf-8\"",
      "",
      "#!/bin/sh",
      "sysctl -w vm.max_map_count=262144",
      "",
      "--kstack",
      "Content-Type: application/node.eks.aws",
      "",
      "{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"kind\":\"NodeConfig\",\"spec\":{\"instance\":{\"localStorage\":{\"strategy\":\"RAID0\"}},\"kubelet\":{\"config\":{\"imageGCHighThresholdPercent\":70}}}}",
      "",
      "--kstack--",
      "",
    ])
    error_message = "Unexpected user data: ${base64decode(aws_launch_template.this.user_data)}"
  }
}

run "arguments_without_a_setting_pass_through" {
  command = plan

  variables {
    configuration = {
      apps = {
        name           = "default"
        instance_types = ["m7g.large"]
        min_size       = 1
        max_size       = 3
        ami_type       = "BOTTLEROCKET_ARM_64"
        extra          = { capacity_reservation_id = "cr-1", detailed_monitoring = true, placement_group = "close", node_repair = true, user_data = "[settings.kubernetes]\nmax-pods = 64" }
      }

      ops = {}
    }

  }

  assert {
    condition     = aws_launch_template.this.capacity_reservation_specification[0].capacity_reservation_target[0].capacity_reservation_id == "cr-1" && aws_launch_template.this.monitoring[0].enabled && aws_launch_template.this.placement[0].group_name == "close"
    error_message = "The template must have all three."
  }

  assert {
    condition     = aws_eks_node_group.this.node_repair_config[0].enabled && strcontains(base64decode(aws_launch_template.this.user_data), "max-pods = 64")
    error_message = "Both must arrive as they are."
  }
}

run "the_known_keys_are_those_of_the_settings" {
  command = plan

  variables {
    configuration = {
      apps = { name = "default", instance_types = ["m7g.large"], min_size = 1, max_size = 3, taints = { example = { key = "a" } } }
      ops  = {}
    }
  }

  # The paths of both, three levels deep, which is as deep as they are; `*` stands for any name.
  assert {
    condition = replace(jsonencode(sort(flatten([for a, x in local.known_keys : !can(keys(x)) || try(length(x) == 0, true) ? [a] : flatten([
      for b, y in x : !can(keys(y)) || try(length(y) == 0, true) ? ["${a}.${b}"] : [for c in keys(y) : "${a}.${b}.${c}"]
      ])]))), ".*.", ".example.") == jsonencode(sort(flatten([for a, x in module.settings.settings : !can(keys(x)) || try(length(x) == 0, true) ? [a] : flatten([
      for b, y in x : !can(keys(y)) || try(length(y) == 0, true) ? ["${a}.${b}"] : [for c in keys(y) : "${a}.${b}.${c}"]
    ])])))
    error_message = "Settings and known keys differ: ${jsonencode(module.settings.settings)}"
  }
}
