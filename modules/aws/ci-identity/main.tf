# Who the pipeline is to AWS. Its jobs hold no key: the forge signs a token that says which repository and which branch or
# tag a job runs for, and AWS gives a short-lived credential for it. Changes are planned with a role that can only read; what
# can be applied must have been merged.

data "aws_partition" "current" {}

locals {
  issuer   = var.issuer != null ? trimsuffix(var.issuer, "/") : { github = "https://token.actions.githubusercontent.com", gitlab = "https://gitlab.com" }[var.forge]
  host     = trimprefix(local.issuer, "https://")
  audience = var.audience != null ? var.audience : "sts.amazonaws.com"

  owner = split("/", var.repository)[0]
  name  = trimprefix(var.repository, "${local.owner}/")

  # GitHub writes the numeric ids behind the names in tokens of repositories that were made or renamed since the middle of
  # 2026: `repo:acme@1/platform@2:…`. Neither names nor Git refs can hold a colon, and names no `@`, so that the wildcards
  # cannot reach beyond the ids.
  github_names = var.immutable_ids != null ? [
    "${local.owner}@${var.immutable_ids.owner}/${local.name}@${var.immutable_ids.repository}"
    ] : [
    var.repository,
    "${local.owner}@*/${local.name}@*",
  ]

  forge_subjects = {
    github = {
      plan = [for name in local.github_names : "repo:${name}:*"]
      apply = var.apply_environment != null ? [for name in local.github_names : "repo:${name}:environment:${var.apply_environment}"] : flatten([
        for name in local.github_names : concat(
          ["repo:${name}:ref:refs/heads/${var.default_branch}"],
          [for tag in var.deploy_tags : "repo:${name}:ref:refs/tags/${tag}"],
        )
      ])
    }

    gitlab = {
      plan = ["project_path:${var.repository}:ref_type:*"]
      apply = concat(
        ["project_path:${var.repository}:ref_type:branch:ref:${var.default_branch}"],
        [for tag in var.deploy_tags : "project_path:${var.repository}:ref_type:tag:ref:${tag}"],
      )
    }
  }

  subjects = var.subjects != null ? var.subjects : local.forge_subjects[var.forge]

  provider_arn = var.provider_arn != null ? var.provider_arn : aws_iam_openid_connect_provider.this[0].arn
  managed_path = "arn:${data.aws_partition.current.partition}:iam::aws:policy"
}

# AWS trusts the forge by the authorities that signed its certificate; a thumbprint is needed only for a private authority.
resource "aws_iam_openid_connect_provider" "this" {
  count = var.provider_arn == null ? 1 : 0

  url            = local.issuer
  client_id_list = [local.audience]

  tags = var.tags
}

resource "aws_iam_role" "this" {
  for_each = {
    plan  = "Plans changes of ${var.repository}: reads, and keeps plans"
    apply = "Applies what was merged in ${var.repository}"
  }

  name                 = "${var.name}-${each.key}"
  description          = each.value
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = { "${local.host}:aud" = local.audience }
        StringLike   = { "${local.host}:sub" = local.subjects[each.key] }
      }
    }]
  })

  tags = var.tags
}
