# Who nodes and, by workload identity, single services are to Google Cloud.
#
# A principal is a namespace and a service account of the project's workload identity pool, whichever cluster it runs
# in: clusters that must not share identities need projects of their own.

locals {
  workload_pool    = "${local.project}.svc.id.goog"
  principal_prefix = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${local.workload_pool}/subject"

  own_node_service_account = local.settings.nodes.service_account == null
  node_service_account     = local.own_node_service_account ? google_service_account.nodes[0].email : local.settings.nodes.service_account

  # What a node writes and reads for itself; what pods need they get by workload identity.
  node_roles = concat(
    [for role in ["roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/monitoring.viewer", "roles/stackdriver.resourceMetadata.writer"] : { project = local.project, role = role }],
    [for project in distinct(concat([local.project], local.settings.nodes.registry_projects)) : { project = project, role = "roles/artifactregistry.reader" }],
  )

  services = merge(
    local.settings.identity.dns && local.has_zone ? {
      external_dns = { namespace = "external-dns", service_account = "external-dns" }
      cert_manager = { namespace = "cert-manager", service_account = "cert-manager" }
    } : {},
    local.settings.identity.secrets ? {
      external_secrets = { namespace = "external-secrets", service_account = "external-secrets" }
    } : {},
    { for key, service in local.settings.identity.services : key => { namespace = service.namespace, service_account = service.service_account } },
  )
  principals = { for key, service in local.services : key => "${local.principal_prefix}/ns/${service.namespace}/sa/${service.service_account}" }

  service_roles = flatten([for key, service in local.settings.identity.services : [for role in service.roles : { service = key, role = role }]])
}

resource "google_service_account" "nodes" {
  count = local.own_node_service_account ? 1 : 0

  account_id   = module.metadata.derived_names.nodes
  display_name = "Nodes of ${local.name}"
  description  = "Nodes of the Kubernetes cluster ${local.name}"
  project      = local.project
}

resource "google_project_iam_member" "nodes" {
  for_each = local.own_node_service_account ? { for grant in local.node_roles : "${grant.project}/${grant.role}" => grant } : {}

  project = each.value.project
  role    = each.value.role
  member  = "serviceAccount:${google_service_account.nodes[0].email}"
}

# Records in the cluster's own zone only.
resource "google_dns_managed_zone_iam_member" "services" {
  for_each = { for key in ["external_dns", "cert_manager"] : key => local.principals[key] if contains(keys(local.principals), key) }

  project      = local.project
  managed_zone = local.zone_name
  role         = "roles/dns.admin"
  member       = each.value

  depends_on = [google_container_cluster.this] # the pool that the principal is of comes with the project's first cluster
}

# Finding the zone cannot be limited to it.
resource "google_project_iam_member" "zones" {
  for_each = google_dns_managed_zone_iam_member.services

  project = local.project
  role    = "roles/dns.reader"
  member  = each.value.member
}

resource "google_project_iam_member" "secrets" {
  count = local.settings.identity.secrets ? 1 : 0

  project = local.project
  role    = "roles/secretmanager.secretAccessor"
  member  = local.principals["external_secrets"]

  condition {
    title       = "secrets-of-${local.name}"
    description = "Secrets whose names start with that of the cluster"
    expression  = "resource.name.startsWith(\"projects/${data.google_project.this.number}/secrets/${local.name}-\")"
  }

  depends_on = [google_container_cluster.this]
}

resource "google_project_iam_member" "services" {
  for_each = { for grant in local.service_roles : "${grant.service}/${grant.role}" => grant }

  project = local.project
  role    = each.value.role
  member  = local.principals[each.value.service]

  depends_on = [google_container_cluster.this]
}
