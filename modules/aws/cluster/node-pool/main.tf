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
  subnet_ids = (
    local.settings.subnet_ids != null ? local.settings.subnet_ids :
    local.settings.subnet_cidrs != null ? [for zone in keys(local.own_zones) : aws_subnet.this[zone].id] :
    flatten([for zone in local.zones : lookup(var.cluster.node_subnet_ids, zone, [])])
  )
}

resource "aws_eks_node_group" "this" {
  cluster_name           = var.cluster.name
  node_group_name_prefix = "${local.settings.name}-" # EKS adds to it, so that a replacement can stand beside it
  node_role_arn          = var.cluster.node_role_arn
  subnet_ids             = local.subnet_ids

  ami_type             = local.settings.ami_id == null ? local.ami_type : null # an own image has its own type and version
  capacity_type        = local.settings.spot ? "SPOT" : "ON_DEMAND"
  force_update_version = local.settings.extra.force_update_version
  instance_types       = local.settings.instance_types
  release_version      = local.settings.ami_release_version
  version              = local.settings.ami_id == null ? coalesce(local.settings.kubernetes_version, var.cluster.kubernetes_version) : null

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
      condition     = local.own_user_data == null || startswith(local.ami_type, "AL2023_")
      error_message = "The settings kubelet, setup_script and disk.instance_store are handed over in the format of Amazon Linux 2023, which ${local.ami_type} does not read: use extra.user_data."
    }

    precondition {
      condition     = local.settings.subnet_cidrs == null || var.cluster.network != null
      error_message = "The cluster is in a network that was already there, in which pool ${local.settings.name} makes no subnets: give subnet_ids instead of subnet_cidrs."
    }

    precondition {
      condition     = local.settings.subnet_cidrs == null || length(local.own_cidrs) == length(local.zones)
      error_message = "The subnet_cidrs of pool ${local.settings.name} must be one per availability zone, in their order: ${join(", ", local.zones)}."
    }

    precondition {
      condition     = var.cluster.network == null || length(local.outside) == 0
      error_message = "The subnet_cidrs of pool ${local.settings.name} must lie in the network's CIDRs ${join(", ", local.network.cidrs)}: ${join(", ", local.outside)}. Others can be added as network.secondary_cidrs of the cluster."
    }

    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "The subnets of pool ${local.settings.name} must not overlap others: ${join("; ", local.overlaps)}."
    }
  }

  # Without a way out a node cannot join.
  depends_on = [aws_route_table_association.this]
}
