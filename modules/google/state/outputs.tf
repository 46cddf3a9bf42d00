output "backend" {
  description = "Settings of Terraform's `gcs` backend, by its own argument names."
  value       = { bucket = google_storage_bucket.this.name }
}

output "plan_store" {
  description = "Where kstack keeps plans, as `plan_store` of kstack.hcl writes it."
  value       = "gs://${google_storage_bucket.this.name}/kstack/plans"
}

output "id" {
  description = "What service accounts are granted access to: the `state` input of ci-identity."
  value       = { bucket = google_storage_bucket.this.name }
}
