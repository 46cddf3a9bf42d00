locals {
  # The names of the kubelet's own configuration file.
  kubelet = merge({ for key, value in {
    allowedUnsafeSysctls = local.settings.kubelet.allowed_unsafe_sysctls
    containerLogMaxSize  = local.settings.kubelet.container_log_max_size
    cpuManagerPolicy     = local.settings.kubelet.cpu_manager_policy
    evictionHard         = local.settings.kubelet.eviction_hard
    kubeReserved         = local.settings.kubelet.kube_reserved
    maxPods              = local.settings.kubelet.max_pods
    podPidsLimit         = local.settings.kubelet.pod_pids_limit
    systemReserved       = local.settings.kubelet.system_reserved
  } : key => value if value != null }, jsondecode(coalesce(local.settings.kubelet.other, "{}")))

  # What Amazon Linux 2023 reads from its user data. EKS adds the address of the cluster itself, except for own images.
  node_config = merge(
    length(local.kubelet) == 0 ? null : { kubelet = { config = local.kubelet } },
    local.settings.disk.instance_store == null ? null : { instance = { localStorage = { strategy = local.settings.disk.instance_store } } },
    local.settings.ami_id == null ? null : { cluster = {
      name                 = var.cluster.name
      apiServerEndpoint    = var.cluster.endpoint
      certificateAuthority = var.cluster.ca_certificate
      cidr                 = var.cluster.service_cidr
    } },
  )

  # In the order in which they stand here.
  user_data_parts = concat(
    [for script in local.settings.setup_script[*] : { type = "text/x-shellscript; charset=\"utf-8\"", text = script }],
    [for spec in [local.node_config] : {
      type = "application/node.eks.aws"
      text = jsonencode({ apiVersion = "node.eks.aws/v1alpha1", kind = "NodeConfig", spec = spec })
    } if length(spec) > 0],
  )

  own_user_data = length(local.user_data_parts) == 0 ? null : join("\n", concat(
    ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"kstack\"", ""],
    flatten([for part in local.user_data_parts : ["--kstack", "Content-Type: ${part.type}", "", part.text, ""]]),
    ["--kstack--", ""],
  ))
  user_data = local.settings.extra.user_data != null ? local.settings.extra.user_data : local.own_user_data
}

resource "aws_launch_template" "this" {
  name_prefix            = "${substr(local.full, 0, 100)}-"
  description            = "Node pool ${local.settings.name} of the Kubernetes cluster ${var.cluster.name}"
  update_default_version = true
  image_id               = local.settings.ami_id
  user_data              = local.user_data == null ? null : base64encode(local.user_data)

  # Once a group is named, EKS does not add that of the cluster any more.
  vpc_security_group_ids = length(local.settings.security_group_ids) == 0 ? null : concat([var.cluster.security_group_id], local.settings.security_group_ids)

  block_device_mappings {
    device_name = local.root_device

    ebs {
      delete_on_termination = "true"
      encrypted             = "true"
      iops                  = local.settings.disk.iops
      kms_key_id            = local.settings.disk.kms_key_arn
      throughput            = local.settings.disk.throughput
      volume_size           = local.settings.disk.size_gib
      volume_type           = local.settings.disk.type
    }
  }

  dynamic "capacity_reservation_specification" {
    for_each = local.settings.extra.capacity_reservation_id[*]

    content {
      capacity_reservation_target {
        capacity_reservation_id = capacity_reservation_specification.value
      }
    }
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = local.settings.metadata_options.hop_limit
    http_tokens                 = local.settings.metadata_options.http_tokens
    instance_metadata_tags      = local.settings.metadata_options.instance_tags ? "enabled" : "disabled"
  }

  dynamic "monitoring" {
    for_each = local.settings.extra.detailed_monitoring[*]

    content {
      enabled = monitoring.value
    }
  }

  dynamic "placement" {
    for_each = local.settings.extra.placement_group[*]

    content {
      group_name = placement.value
    }
  }

  # Instances and disks are made by the scaling group: tags reach them only from here.
  dynamic "tag_specifications" {
    for_each = ["instance", "volume", "network-interface"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = local.full })
    }
  }

  tags = local.tags

  lifecycle {
    create_before_destroy = true
  }
}
