# Kubernetes secrets are encrypted in etcd with this key. EKS cannot take that back, and a cluster whose key is gone
# cannot be saved: hence, by default, the longest time before a deletion becomes final.

locals {
  secrets_key_arn = local.settings.secrets_encryption.key_arn != null ? local.settings.secrets_encryption.key_arn : aws_kms_key.secrets[0].arn
}

resource "aws_kms_key" "secrets" {
  count = local.settings.secrets_encryption.key_arn == null ? 1 : 0

  description             = "Secrets of the Kubernetes cluster ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = local.settings.secrets_encryption.deletion_window_days

  tags = local.tags
}

resource "aws_kms_alias" "secrets" {
  count = local.settings.secrets_encryption.key_arn == null ? 1 : 0

  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.secrets[0].key_id
}
