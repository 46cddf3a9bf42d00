module "configuration" {
  source = "../../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name", "instance_types", "min_size", "max_size"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

locals {
  settings = module.settings.settings
  full     = "${var.cluster.name}-${local.settings.name}"
  tags     = merge(var.cluster.tags, { kstack-node-pool = local.settings.name }, local.settings.tags)
  labels   = merge(var.cluster.labels, { "kstack.dev/node-pool" = local.settings.name }, local.settings.labels)

  zones = coalesce(local.settings.availability_zones, keys(var.cluster.node_subnet_ids))
  subnet_ids = local.settings.subnet_ids != null ? local.settings.subnet_ids : flatten([
    for zone in local.zones : lookup(var.cluster.node_subnet_ids, zone, [])
  ])
}

resource "aws_eks_node_group" "this" {
  cluster_name           = var.cluster.name
  node_group_name_prefix = "${local.settings.name}-" # EKS adds to it, so that a replacement can stand beside it
  node_role_arn          = var.cluster.node_role_arn
  subnet_ids             = local.subnet_ids

  ami_type             = local.ami_type
  capacity_type        = local.settings.spot ? "SPOT" : "ON_DEMAND"
  force_update_version = local.settings.extra.force_update_version
  instance_types       = local.settings.instance_types
  release_version      = local.settings.ami_release_version
  version              = coalesce(local.settings.kubernetes_version, var.cluster.kubernetes_version)

  labels = local.labels

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  dynamic "node_repair_config" {
    for_each = local.settings.extra.node_repair[*]

    content {
      enabled = node_repair_config.value
    }
  }

  scaling_config {
    desired_size = coalesce(local.settings.desired_size, local.settings.min_size)
    max_size     = local.settings.max_size
    min_size     = local.settings.min_size
  }

  dynamic "taint" {
    for_each = local.settings.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  update_config {
    max_unavailable            = local.settings.update.max_unavailable
    max_unavailable_percentage = local.settings.update.max_unavailable == null ? coalesce(local.settings.update.max_unavailable_percentage, 33) : null
  }

  tags = local.tags

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [scaling_config[0].desired_size] # the autoscaler's from now on

    precondition {
      condition     = length(local.architectures) == 1
      error_message = "The instance_types of pool ${local.settings.name} need different images: ${join(", ", [for type, architecture in local.architecture_of : "${type} is ${architecture}"])}. Use one pool for each."
    }

    precondition {
      condition     = local.settings.subnet_ids != null || length(setsubtract(local.zones, keys(var.cluster.node_subnet_ids))) == 0
      error_message = "The cluster has no nodes' subnet in ${join(", ", setsubtract(local.zones, keys(var.cluster.node_subnet_ids)))}; it has them in ${join(", ", keys(var.cluster.node_subnet_ids))}."
    }

    precondition {
      condition     = length(local.kubelet) == 0 || startswith(local.ami_type, "AL2023_")
      error_message = "The kubelet settings are handed over in the format of Amazon Linux 2023, which ${local.ami_type} does not read."
    }
  }
}
