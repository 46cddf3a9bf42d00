# Plans with a mocked provider: no cloud, no credentials.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_subnet" {
    defaults = { vpc_id = "vpc-1", availability_zone = "eu-west-1a" }
  }

  mock_data "aws_route53_zone" {
    defaults = { name = "existing.example.com", name_servers = ["ns1.example.com"] }
  }
}

variables {
  environment = "ops"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    }

    ops = {}
  }
}

run "the_cluster_is_encrypted_and_has_no_config_map_for_access" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.name == "gc0-ops-eu-west-1" && aws_eks_cluster.this.access_config[0].authentication_mode == "API"
    error_message = "Access entries must be the only way in."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"]) && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "Secrets must be encrypted with a key that rotates."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.control_plane[0].retention_in_days == 90
    error_message = "All logs of the control plane must be kept for 90 days."
  }
}

run "the_contract_is_complete" {
  command = plan

  assert {
    condition     = output.cluster.name == "gc0-ops-eu-west-1" && output.cluster.provider == "aws" && output.cluster.region == "eu-west-1" && output.cluster.auth == { type = "aws", cluster_name = "gc0-ops-eu-west-1", region = "eu-west-1" }
    error_message = "The cluster must say how to reach it."
  }

  assert {
    condition     = toset(keys(output.cluster)) == toset(["name", "provider", "region", "endpoint", "ca_certificate", "version", "auth"])
    error_message = "Unexpected keys: ${join(", ", keys(output.cluster))}"
  }

  assert {
    condition     = output.current_metadata.fqdn == "gc0-ops-eu-west-1.aws.platform.example.com" && output.dns.zone_name == output.current_metadata.fqdn
    error_message = "The zone must be that of the cluster."
  }
}

run "no_subnet_gives_nodes_a_public_address" {
  command = plan

  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.nodes), values(aws_subnet.public), values(aws_subnet.control_plane)) : subnet.map_public_ip_on_launch == false])
    error_message = "Nodes must stay private."
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.nodes_out) == 3
    error_message = "Each zone must have its own way out."
  }
}

run "one_gateway_serves_all_zones" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"] }
      ops  = { network = { nat = "one" } }
    }
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"] && length(aws_route.nodes_out) == 2
    error_message = "The gateway of the first zone must serve both."
  }
}

run "without_nat_there_is_no_way_out" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"] }
      ops  = { network = { nat = "none" } }
    }
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_route.nodes_out) == 0
    error_message = "No gateway may be made."
  }
}

run "an_existing_network_is_used_as_it_is" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { existing = { vpc_id = "vpc-1", node_subnet_ids = ["subnet-1", "subnet-2"] } }
      }

      ops = {}
    }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.nodes) + length(aws_nat_gateway.this) + length(aws_route_table.nodes) + length(aws_default_security_group.this) == 0
    error_message = "Nothing of the network may be made."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && output.network.node_subnet_ids.eu-west-1a == ["subnet-1", "subnet-2"]
    error_message = "The given subnets must be used."
  }
}

run "a_subnet_of_another_network_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { existing = { vpc_id = "vpc-2", node_subnet_ids = ["subnet-1"] } }
      }

      ops = {}
    }
  }

  expect_failures = [data.aws_subnet.existing]
}

run "a_provider_of_another_region_is_refused" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-central-1", availability_zones = ["eu-central-1a", "eu-central-1b"] }
      ops  = {}
    }
  }

  expect_failures = [data.aws_region.current]
}

run "addons_that_make_nodes_ready_come_before_those_that_need_nodes" {
  command = plan

  assert {
    condition     = keys(aws_eks_addon.node) == ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"] && keys(aws_eks_addon.workload) == ["aws-ebs-csi-driver", "coredns"]
    error_message = "Unexpected add-ons: ${join(", ", concat(keys(aws_eks_addon.node), keys(aws_eks_addon.workload)))}"
  }
}

run "an_addon_can_be_switched_off_configured_or_added" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"] }

      ops = {
        addons = {
          vpc-cni        = { enabled = false }
          coredns        = { version = "v1.12.1-eksbuild.2" }
          metrics-server = {}
        }
      }
    }
  }

  assert {
    condition     = keys(aws_eks_addon.node) == ["eks-pod-identity-agent", "kube-proxy"] && keys(aws_eks_addon.workload) == ["aws-ebs-csi-driver", "coredns", "metrics-server"]
    error_message = "Unexpected add-ons: ${join(", ", concat(keys(aws_eks_addon.node), keys(aws_eks_addon.workload)))}"
  }

  assert {
    condition     = aws_eks_addon.workload["coredns"].addon_version == "v1.12.1-eksbuild.2" && !contains(keys(aws_iam_role.pod), "vpc_cni")
    error_message = "The version must be set, and an add-on that is off needs no role."
  }
}

run "access_is_given_by_entries" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]

        access = {
          operators = { principal_arn = "arn:aws:iam::123456789012:role/operators" }
          team      = { principal_arn = "arn:aws:iam::123456789012:role/team", policy = "edit", namespaces = ["team"] }
          auditors  = { principal_arn = "arn:aws:iam::123456789012:role/auditors", policy = "none", groups = ["auditors"] }
        }
      }

      ops = { creator_is_admin = false, access = { team = { policy = "view" } } }
    }
  }

  assert {
    condition     = length(aws_eks_access_entry.this) == 3 && keys(aws_eks_access_policy_association.this) == ["operators", "team"]
    error_message = "Every principal needs an entry, and a policy unless it has none."
  }

  assert {
    condition     = aws_eks_access_policy_association.this["team"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy" && aws_eks_access_policy_association.this["team"].access_scope[0].type == "namespace"
    error_message = "The policy must be that of ops, in the namespace of apps."
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions == false
    error_message = "The creator must get no access."
  }
}

run "an_existing_zone_is_used_as_it_is" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"], dns = { zone_id = "Z1" } }
      ops  = {}
    }
  }

  assert {
    condition     = length(aws_route53_zone.this) == 0 && output.dns == { zone_id = "Z1", zone_name = "existing.example.com", name_servers = tolist(["ns1.example.com"]) }
    error_message = "Unexpected zone: ${jsonencode(output.dns)}"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.pod["external_dns"].policy, "arn:aws:route53:::hostedzone/Z1")
    error_message = "Records may be changed in that zone only."
  }
}

run "without_a_zone_nobody_may_change_records" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"], dns = { zone = false } }
      ops  = {}
    }
  }

  assert {
    condition     = output.dns == null && keys(aws_iam_role.pod) == ["cluster_autoscaler", "ebs_csi", "vpc_cni"]
    error_message = "Unexpected roles: ${join(", ", keys(aws_iam_role.pod))}"
  }
}

run "tags_reach_every_resource_that_takes_them" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", region = "eu-west-1", availability_zones = ["eu-west-1a", "eu-west-1b"], tags = { team = "platform" } }
      ops  = {}
    }
  }

  assert {
    condition = alltrue([
      for tags in flatten([
        [aws_eks_cluster.this.tags, aws_iam_role.cluster.tags, aws_iam_role.node.tags],
        values(aws_subnet.nodes)[*].tags, values(aws_subnet.public)[*].tags, values(aws_subnet.control_plane)[*].tags,
        values(aws_eip.nat)[*].tags, values(aws_nat_gateway.this)[*].tags, values(aws_route_table.nodes)[*].tags,
        values(aws_iam_role.pod)[*].tags, values(aws_eks_addon.node)[*].tags, values(aws_eks_addon.workload)[*].tags,
        values(aws_eks_pod_identity_association.this)[*].tags, values(aws_eks_access_entry.this)[*].tags,
        aws_vpc.this[*].tags, aws_default_security_group.this[*].tags, aws_internet_gateway.this[*].tags, aws_route_table.public[*].tags,
        aws_route_table.control_plane[*].tags, aws_vpc_endpoint.s3[*].tags, aws_kms_key.secrets[*].tags,
        aws_cloudwatch_log_group.control_plane[*].tags, aws_iam_openid_connect_provider.this[*].tags, aws_route53_zone.this[*].tags,
      ]) : tags.team == "platform" && tags.kstack-cluster == "gc0-ops-eu-west-1"
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
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { existing = { vpc_id = "vpc-1", node_subnet_ids = ["subnet-1"] } }
        access             = { "*" = { principal_arn = "arn:aws:iam::123456789012:role/team" } }
        addons             = { "*" = {} }
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
    condition     = output.cluster.name == "gc0-apps-eu-west-1"
    error_message = "The plan must succeed although the ids of the network are not known yet."
  }
}
