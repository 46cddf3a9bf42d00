locals {
  # The names of the kubelet's own configuration file.
  kubelet = { for key, value in {
    allowedUnsafeSysctls = local.settings.kubelet.allowed_unsafe_sysctls
    containerLogMaxSize  = local.settings.kubelet.container_log_max_size
    cpuManagerPolicy     = local.settings.kubelet.cpu_manager_policy
    evictionHard         = local.settings.kubelet.eviction_hard
    kubeReserved         = local.settings.kubelet.kube_reserved
    maxPods              = local.settings.kubelet.max_pods
    podPidsLimit         = local.settings.kubelet.pod_pids_limit
    systemReserved       = local.settings.kubelet.system_reserved
  } : key => value if value != null }

  node_config = {
    apiVersion = "node.eks.aws/v1alpha1"
    kind       = "NodeConfig"
    spec       = { kubelet = { config = local.kubelet } }
  }

  # Amazon Linux 2023 reads a NodeConfig from its user data; EKS adds its own part with the address of the cluster.
  user_data = <<-MIME
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="kstack"

    --kstack
    Content-Type: application/node.eks.aws

    ${jsonencode(local.node_config)}

    --kstack--
  MIME
}

resource "aws_launch_template" "this" {
  name_prefix            = "${substr(local.full, 0, 100)}-"
  description            = "Node pool ${local.settings.name} of the Kubernetes cluster ${var.cluster.name}"
  update_default_version = true
  user_data              = length(local.kubelet) == 0 ? null : base64encode(local.user_data)

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

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = local.settings.metadata_options.hop_limit
    http_tokens                 = local.settings.metadata_options.http_tokens
    instance_metadata_tags      = local.settings.metadata_options.instance_tags ? "enabled" : "disabled"
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
