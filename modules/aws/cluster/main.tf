module "configuration" {
  source = "../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name_prefix", "base_domain", "region", "availability_zones"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

module "metadata" {
  source = "../../common/metadata"

  name_prefix   = local.settings.name_prefix
  base_domain   = local.settings.base_domain
  environment   = var.environment
  provider_name = "aws"
  region        = local.settings.region

  derived_names = merge({
    fargate                  = { suffix = "-fargate", max_length = 64 }
    flow_logs                = { suffix = "-flow-logs", max_length = 64 }
    load_balancer_controller = { suffix = "-load-balancer-controller", max_length = 64 }
    cluster_role             = { suffix = "-cluster", max_length = 64 }
    node_role                = { suffix = "-node", max_length = 64 }
    vpc_cni                  = { suffix = "-vpc-cni", max_length = 64 }
    ebs_csi                  = { suffix = "-ebs-csi", max_length = 64 }
    cluster_autoscaler       = { suffix = "-cluster-autoscaler", max_length = 64 }
    external_dns             = { suffix = "-external-dns", max_length = 64 }
    cert_manager             = { suffix = "-cert-manager", max_length = 64 }
  }, { for name in keys(local.settings.service_accounts) : name => { suffix = "-${name}", max_length = 64 } })
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition     = self.id == local.settings.region
      error_message = "The provider works in ${self.id}, but the region of environment ${var.environment} is ${local.settings.region}."
    }
  }
}

locals {
  settings = module.settings.settings
  name     = module.metadata.name
  tags     = merge(module.metadata.tags, local.settings.tags)
}

resource "aws_eks_cluster" "this" {
  name                          = local.name
  role_arn                      = aws_iam_role.cluster.arn
  version                       = local.settings.kubernetes_version
  enabled_cluster_log_types     = local.settings.control_plane_logs.types
  force_update_version          = local.settings.extra.force_update_version
  bootstrap_self_managed_addons = false # all add-ons are managed, see addons.tf

  access_config {
    authentication_mode                         = "API" # access entries only, no aws-auth ConfigMap
    bootstrap_cluster_creator_admin_permissions = local.settings.creator_is_admin
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = local.secrets_key_arn
    }
  }

  kubernetes_network_config {
    ip_family         = "ipv4"
    service_ipv4_cidr = local.settings.network.service_cidr
  }

  upgrade_policy {
    support_type = local.settings.support_type
  }

  vpc_config {
    subnet_ids              = local.control_plane_subnet_ids
    endpoint_public_access  = local.settings.endpoint.public
    endpoint_private_access = local.settings.endpoint.private
    public_access_cidrs     = local.settings.endpoint.public ? local.settings.endpoint.public_cidrs : null
  }

  dynamic "zonal_shift_config" {
    for_each = local.settings.extra.zonal_shift[*]

    content {
      enabled = zonal_shift_config.value
    }
  }

  tags = merge(local.tags, { Name = local.name })

  lifecycle {
    # Both only count at creation, and changing them would replace the cluster.
    ignore_changes = [
      access_config[0].bootstrap_cluster_creator_admin_permissions,
      bootstrap_self_managed_addons,
    ]
  }

  # Without the policies EKS can neither create nor, later, delete what it manages. Without the log group it makes
  # its own, which keeps the logs for ever.
  depends_on = [
    aws_cloudwatch_log_group.control_plane,
    aws_iam_role_policy.cluster_secrets,
    aws_iam_role_policy_attachment.cluster,
  ]
}

resource "aws_cloudwatch_log_group" "control_plane" {
  count = length(local.settings.control_plane_logs.types) > 0 ? 1 : 0

  name              = "/aws/eks/${local.name}/cluster" # EKS writes nowhere else
  retention_in_days = local.settings.control_plane_logs.retention_days
  kms_key_id        = local.settings.control_plane_logs.kms_key_arn

  tags = local.tags
}
