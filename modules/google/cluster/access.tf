# Google's own roles open the API server; RBAC in the cluster adds to what they allow.

locals {
  access_roles = {
    cluster-admin = "roles/container.admin"
    edit          = "roles/container.developer"
    view          = "roles/container.viewer"
    none          = "roles/container.clusterViewer"
  }
}

resource "google_project_iam_member" "access" {
  for_each = local.settings.access

  project = local.project
  role    = local.access_roles[each.value.policy]
  member  = each.value.member
}
