# Kubernetes secrets are encrypted in etcd with this key. EKS cannot take that back, and a cluster whose key is gone
# cannot be saved: hence, by default, the longest time before a deletion becomes final.

locals {
  # A key that the same run makes has no ARN yet when it is planned: this is known nevertheless, since trimspace() refuses
  # null but not what is unknown.
  own_key         = !can(length([trimspace(local.settings.secrets_encryption.key_arn)]))
  secrets_key_arn = local.own_key ? aws_kms_key.secrets[0].arn : local.settings.secrets_encryption.key_arn
}

resource "aws_kms_key" "secrets" {
  count = local.own_key ? 1 : 0

  description             = "Secrets of the Kubernetes cluster ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = local.settings.secrets_encryption.deletion_window_days

  tags = local.tags
}

resource "aws_kms_alias" "secrets" {
  count = local.own_key ? 1 : 0

  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.secrets[0].key_id
}
