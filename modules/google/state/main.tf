# The bucket that holds the states of all stacks and, below `kstack/`, plans and records of the pipeline. Terraform locks
# with objects beside the states, so nothing else is needed. It takes connections with TLS only, like all of Cloud Storage.

# The first stack of a project is this one, so it opens what the others need.
resource "google_project_service" "this" {
  for_each = toset(var.services)

  project            = var.project
  service            = each.key
  disable_on_destroy = false # others may have come to rely on it
}

resource "google_storage_bucket" "this" {
  name          = var.bucket
  project       = var.project
  location      = var.location
  force_destroy = var.force_destroy

  uniform_bucket_level_access = true # access control lists of objects have no effect
  public_access_prevention    = "enforced"

  # Every write keeps what was there: a broken state is mended by going back one version.
  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = var.noncurrent_days
      with_state                 = "ARCHIVED" # replaced or deleted
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key_name[*]

    content {
      default_kms_key_name = encryption.value
    }
  }

  labels = var.labels

  depends_on = [google_project_service.this]
}
