output "plan" {
  description = "What a job that plans asks Google Cloud for."
  value = {
    workload_identity_provider = google_iam_workload_identity_pool_provider.this.name
    service_account            = google_service_account.this["plan"].email
  }

  depends_on = [google_project_iam_member.this, google_service_account_iam_member.pipeline, google_storage_bucket_iam_member.plan_keeps_plans, google_storage_bucket_iam_member.plan_reads]
}

output "apply" {
  description = "What a job that applies asks Google Cloud for."
  value = {
    workload_identity_provider = google_iam_workload_identity_pool_provider.this.name
    service_account            = google_service_account.this["apply"].email
  }

  depends_on = [google_project_iam_member.this, google_service_account_iam_member.pipeline, google_storage_bucket_iam_member.apply]
}

output "audience" {
  description = "What a job has its token made for."
  value       = var.audience != null ? var.audience : "https://iam.googleapis.com/${google_iam_workload_identity_pool_provider.this.name}"
}

output "conditions" {
  description = "Which tokens each identity accepts, in CEL; apply asks for both."
  value       = local.conditions
}
