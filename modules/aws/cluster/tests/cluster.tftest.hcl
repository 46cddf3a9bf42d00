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
    condition     = output.dns == null && keys(aws_iam_role.pod) == ["cluster_autoscaler", "ebs_csi", "load_balancer_controller", "vpc_cni"]
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

run "without_nat_nodes_reach_aws_through_endpoints" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { nat = "none", secondary_cidrs = ["100.64.0.0/16"] }
      }

      ops = {}
    }
  }

  assert {
    condition     = contains(keys(aws_vpc_endpoint.interface), "ecr.dkr") && length(aws_vpc_endpoint.interface) == 9 && aws_vpc_endpoint.interface["eks-auth"].private_dns_enabled
    error_message = "Unexpected endpoints: ${join(", ", keys(aws_vpc_endpoint.interface))}"
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.endpoints)) == toset(["10.0.0.0/16", "100.64.0.0/16"])
    error_message = "The whole network must reach the endpoints."
  }

  assert {
    condition     = keys(aws_vpc_ipv4_cidr_block_association.this) == ["100.64.0.0/16"] && output.node_pool_context.network.cidrs == ["10.0.0.0/16", "100.64.0.0/16"]
    error_message = "The VPC must have the second CIDR too."
  }
}

run "endpoints_can_be_chosen" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { endpoints = ["ecr.api", "ecr.dkr"] }
      }

      ops = {}
    }
  }

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["ecr.api", "ecr.dkr"] && length(aws_nat_gateway.this) == 2
    error_message = "Both the endpoints and the gateways must be made."
  }
}

run "flow_logs_are_kept_where_they_are_asked_for" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        network            = { flow_logs = { enabled = true, traffic = "REJECT" } }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "REJECT" && aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 30
    error_message = "Refused traffic must be logged for 30 days."
  }
}

run "fargate_pods_have_their_own_role" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        fargate            = { system = { namespaces = ["kube-system", "flux-system"], labels = { run = "fargate" } } }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_iam_role.fargate[0].name == "gc0-ops-eu-west-1-fargate" && toset([for selector in aws_eks_fargate_profile.this["system"].selector : selector.namespace]) == toset(["kube-system", "flux-system"])
    error_message = "Each namespace must be selected."
  }

  assert {
    condition     = strcontains(aws_iam_role.fargate[0].assume_role_policy, ":fargateprofile/gc0-ops-eu-west-1/*")
    error_message = "Only the profiles of this cluster may use the role."
  }
}

run "services_get_roles_of_their_own" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        service_accounts = {
          app = { namespace = "shop", policies = { read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } }
          db  = { namespace = "shop", name = "backup", policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "*" }] }) }
        }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_iam_role.pod["app"].name == "gc0-ops-eu-west-1-app" && aws_iam_role_policy_attachment.pod["app/read"].policy_arn == "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    error_message = "The role must have the policy."
  }

  assert {
    condition     = aws_eks_pod_identity_association.this["app"].service_account == "app" && aws_eks_pod_identity_association.this["db"].service_account == "backup" && strcontains(aws_iam_role_policy.pod["db"].policy, "s3:PutObject")
    error_message = "The service account is called as the entry unless it says otherwise."
  }
}

run "nodes_can_get_further_policies" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        identity           = { node_policies = { ssm = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" } }
      }

      ops = {}
    }
  }

  assert {
    condition     = keys(aws_iam_role_policy_attachment.node) == ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "ssm"]
    error_message = "Unexpected policies: ${join(", ", keys(aws_iam_role_policy_attachment.node))}"
  }
}

run "the_load_balancer_controller_may_change_its_own_only" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]

      }

      ops = {}
    }
  }

  assert {
    condition     = alltrue([for action in ["DeleteLoadBalancer", "DeleteTargetGroup", "ModifyLoadBalancerAttributes"] : alltrue([for statement in local.load_balancer_controller_statements : try(statement.Condition.StringEquals["aws:ResourceTag/elbv2.k8s.aws/cluster"] == "gc0-ops-eu-west-1", false) if contains(flatten([statement.Action]), "elasticloadbalancing:${action}")])])
    error_message = "Load balancers of others must be out of reach."
  }

  assert {
    condition     = length(replace(aws_iam_role_policy.pod["load_balancer_controller"].policy, " ", "")) < 10240
    error_message = "IAM takes no longer policies."
  }

  assert {
    condition     = aws_eks_pod_identity_association.this["load_balancer_controller"].service_account == "aws-load-balancer-controller"
    error_message = "Unexpected service account."
  }
}

run "network_policies_are_enforced_unless_switched_off" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        addons             = { vpc-cni = { configuration_values = jsonencode({ env = { ENABLE_PREFIX_DELEGATION = "true" } }) } }
      }

      ops = {}
    }
  }

  assert {
    condition     = jsondecode(aws_eks_addon.node["vpc-cni"].configuration_values) == { enableNetworkPolicy = "true", env = { ENABLE_PREFIX_DELEGATION = "true" } }
    error_message = "Unexpected values: ${aws_eks_addon.node["vpc-cni"].configuration_values}"
  }

  assert {
    condition     = local.addon_values["coredns"] == null
    error_message = "Others have none."
  }
}

run "a_zone_is_delegated_from_its_parent" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        dns                = { parent_zone_id = "Z2" }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_route53_record.delegation[0].zone_id == "Z2" && aws_route53_record.delegation[0].type == "NS" && aws_route53_record.delegation[0].name == output.dns.zone_name
    error_message = "The parent must point at the zone."
  }
}

run "the_window_of_a_destroyed_key_can_be_shortened" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        secrets_encryption = { deletion_window_days = 7 }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_kms_key.secrets[0].deletion_window_in_days == 7
    error_message = "The window must be that of the setting."
  }
}

run "arguments_without_a_setting_pass_through" {
  command = plan

  variables {
    configuration = {
      apps = {
        name_prefix        = "gc0"
        base_domain        = "platform.example.com"
        region             = "eu-west-1"
        availability_zones = ["eu-west-1a", "eu-west-1b"]
        extra              = { zonal_shift = true, force_update_version = true }
      }

      ops = {}
    }
  }

  assert {
    condition     = aws_eks_cluster.this.zonal_shift_config[0].enabled && aws_eks_cluster.this.force_update_version
    error_message = "Both must arrive."
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
        access             = { example = { principal_arn = "arn:aws:iam::123456789012:role/team" } }
        addons             = { example = {} }
        fargate            = { example = { namespaces = ["batch"] } }
        service_accounts   = { example = { namespace = "shop", policies = { read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } } }
      }

      ops = {}
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
