output "plan" {
  description = "What a job that plans asks AWS for."
  value       = { role_arn = aws_iam_role.this["plan"].arn }

  depends_on = [aws_iam_role_policy.state, aws_iam_role_policy_attachment.plan]
}

output "apply" {
  description = "What a job that applies asks AWS for."
  value       = { role_arn = aws_iam_role.this["apply"].arn }

  depends_on = [aws_iam_role_policy.state, aws_iam_role_policy_attachment.apply]
}

output "audience" {
  description = "What a job has its token made for."
  value       = local.audience
}

output "subjects" {
  description = "Which tokens each role accepts."
  value       = local.subjects
}

output "provider_arn" {
  description = "The IAM OIDC provider, for further roles: an account can have only one for an issuer."
  value       = local.provider_arn
}
