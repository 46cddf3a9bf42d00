locals {
  bucket = try(var.state.bucket_arn, "") # empty: no policy is made

  # Terraform reads states; kstack lists and writes plans. A plan is never deleted by the role that made it.
  plan_statements = concat(
    [
      {
        Sid      = "ReadStatesAndPlans"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"]
        Resource = [local.bucket, "${local.bucket}/*"]
      },
      {
        Sid      = "KeepPlans"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket}/kstack/plans/*"]
      },
    ],
    [
      for enabled in [var.plan_locks] : {
        Sid      = "LockStates"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:PutObject"]
        Resource = ["${local.bucket}/*.tflock"]
      } if enabled
    ],
    local.key_statements,
  )

  apply_statements = concat(
    [
      {
        Sid      = "WriteStates"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
        Resource = [local.bucket, "${local.bucket}/*"]
      },
    ],
    local.key_statements,
  )

  key_statements = [
    for arn in [try(var.state.kms_key_arn, null)] : {
      Sid      = "UseTheKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      Resource = [arn]
    } if arn != null
  ]
}

resource "aws_iam_role_policy" "state" {
  for_each = { for key, statements in { plan = local.plan_statements, apply = local.apply_statements } : key => statements if var.state != null }

  name   = "state"
  role   = aws_iam_role.this[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = toset(var.plan_policy_arns != null ? var.plan_policy_arns : ["${local.managed_path}/ReadOnlyAccess"])

  role       = aws_iam_role.this["plan"].name
  policy_arn = each.value
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = toset(var.apply_policy_arns != null ? var.apply_policy_arns : ["${local.managed_path}/AdministratorAccess"])

  role       = aws_iam_role.this["apply"].name
  policy_arn = each.value
}
