# Nothing may be stored before the bucket is as it must be.

output "backend" {
  description = "Settings of Terraform's `s3` backend, by its own argument names."
  value = {
    bucket       = aws_s3_bucket.this.id
    region       = var.region
    encrypt      = true
    use_lockfile = true
  }

  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "plan_store" {
  description = "Where kstack keeps plans, as `plan_store` of kstack.hcl writes it."
  value       = "s3://${aws_s3_bucket.this.id}/kstack/plans"
}

output "id" {
  description = "What roles are granted access to: the `state` input of ci-identity."
  value = {
    bucket_arn  = aws_s3_bucket.this.arn
    kms_key_arn = var.kms_key_arn
  }
}
