locals {
  projects = coalesce(var.projects, [var.project])

  grants = {
    for grant in flatten([
      for identity, roles in { plan = var.plan_roles, apply = local.apply_roles } : [
        for project in local.projects : [
          for role in roles : { identity = identity, project = project, role = role }
        ]
      ]
    ]) : "${grant.identity}/${grant.project}/${grant.role}" => grant
  }

  # What the modules of clusters make, and who may use it. The bucket of states is a thing of this cloud only where they are.
  apply_roles = var.apply_roles != null ? var.apply_roles : concat(
    [
      "roles/cloudkms.admin",
      "roles/compute.networkAdmin",
      "roles/container.admin",
      "roles/dns.admin",
      "roles/iam.serviceAccountAdmin",
      "roles/iam.serviceAccountUser",
      "roles/iam.workloadIdentityPoolAdmin",
      "roles/resourcemanager.projectIamAdmin",
      "roles/serviceusage.serviceUsageAdmin",
    ],
    var.state != null ? ["roles/storage.admin"] : [],
    ["roles/viewer"],
  )

  objects = "projects/_/buckets/${try(var.state.bucket, "")}/objects" # IAM writes names of buckets without their project
}

resource "google_project_iam_member" "this" {
  for_each = local.grants

  project = each.value.project
  role    = each.value.role
  member  = "serviceAccount:${google_service_account.this[each.value.identity].email}"

  depends_on = [google_project_service.this]
}

# Terraform reads states; kstack lists and reads plans.
resource "google_storage_bucket_iam_member" "plan_reads" {
  count = var.state != null ? 1 : 0

  bucket = var.state.bucket
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_service_account.this["plan"].email}"
}

# A plan is never replaced or deleted by the identity that made it.
resource "google_storage_bucket_iam_member" "plan_keeps_plans" {
  count = var.state != null ? 1 : 0

  bucket = var.state.bucket
  role   = "roles/storage.objectCreator"
  member = "serviceAccount:${google_service_account.this["plan"].email}"

  condition {
    title       = "plans"
    description = "Plans, and nothing else of the bucket"
    expression  = "resource.name.startsWith('${local.objects}/kstack/plans/')"
  }
}

resource "google_storage_bucket_iam_member" "plan_locks" {
  count = var.state != null && var.plan_locks ? 1 : 0

  bucket = var.state.bucket
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${google_service_account.this["plan"].email}"

  condition {
    title       = "locks"
    description = "Objects that are locks of states"
    expression  = "resource.name.startsWith('${local.objects}/') && resource.name.endsWith('.tflock')"
  }
}

resource "google_storage_bucket_iam_member" "apply" {
  count = var.state != null ? 1 : 0

  bucket = var.state.bucket
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${google_service_account.this["apply"].email}"
}
