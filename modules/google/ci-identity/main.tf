# Who the pipeline is to Google Cloud. Its jobs hold no key: the forge signs a token that says which repository and which
# branch or tag a job runs for, and Google gives a short-lived credential for it. Changes are planned by an identity that
# can only read; what can be applied must have been merged.

locals {
  issuer = var.issuer != null ? trimsuffix(var.issuer, "/") : { github = "https://token.actions.githubusercontent.com", gitlab = "https://gitlab.com" }[var.forge]

  # A pattern has one wildcard at most: what stands before and behind it, and how long a name is at least.
  tag_prefix = { github = "refs/tags/", gitlab = "", gitea = "" }[var.forge]
  tag_conditions = [
    for parts in [for tag in var.deploy_tags : split("*", "${local.tag_prefix}${tag}")] :
    length(parts) == 1 ? "assertion.ref == '${parts[0]}'" : parts[1] == "" ? "assertion.ref.startsWith('${parts[0]}')" : (
      "(assertion.ref.startsWith('${parts[0]}') && assertion.ref.endsWith('${parts[1]}') && size(assertion.ref) >= ${length(parts[0]) + length(parts[1])})"
    )
  ]

  forge_conditions = {
    # `pull_request_target` runs for the default branch with what anybody proposes, hence the list of events.
    github = {
      plan = join(" && ", concat(
        ["assertion.repository == '${var.repository}'"],
        [for ids in var.immutable_ids[*] : "assertion.repository_owner_id == '${ids.owner}' && assertion.repository_id == '${ids.repository}'"],
      ))
      apply = join(" && ", [
        "assertion.event_name in ['push', 'schedule', 'workflow_dispatch']",
        "(${join(" || ", concat(["assertion.ref == 'refs/heads/${var.default_branch}'"], local.tag_conditions))})",
      ])
    }

    gitlab = {
      plan = join(" && ", concat(
        ["assertion.project_path == '${var.repository}'"],
        [for ids in var.immutable_ids[*] : "assertion.namespace_id == '${ids.owner}' && assertion.project_id == '${ids.repository}'"],
      ))
      apply = join(" && ", [
        "assertion.ref_protected == 'true' && assertion.pipeline_source != 'merge_request_event'",
        "(${join(" || ", concat(
          ["(assertion.ref_type == 'branch' && assertion.ref == '${var.default_branch}')"],
          length(local.tag_conditions) == 0 ? [] : ["(assertion.ref_type == 'tag' && (${join(" || ", local.tag_conditions)}))"],
        ))})",
      ])
    }
  }

  conditions = var.conditions != null ? var.conditions : local.forge_conditions[var.forge]

  # Of all tokens that the provider accepts, those that may apply have `apply` as this attribute.
  members = {
    plan  = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/*"
    apply = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/attribute.may/apply"
  }
}

# The first stack of a project is this one where states lie elsewhere, so it opens what the others need.
resource "google_project_service" "this" {
  for_each = { for pair in setproduct(local.projects, var.services) : join("/", pair) => { project = pair[0], service = pair[1] } }

  project            = each.value.project
  service            = each.value.service
  disable_on_destroy = false # others may have come to rely on it
}

resource "google_iam_workload_identity_pool" "this" {
  workload_identity_pool_id = "${var.name}-ci"
  display_name              = "${var.name} pipeline"
  description               = "Jobs of ${var.repository}"
  project                   = var.project

  depends_on = [google_project_service.this, var.state] # what makes the bucket opens the project's APIs, that of IAM among them
}

resource "google_iam_workload_identity_pool_provider" "this" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = var.forge
  display_name                       = "${var.name} pipeline"
  description                        = "Tokens that ${local.issuer} signs for jobs of ${var.repository}"
  project                            = var.project

  # Tokens of all other repositories of the forge end here.
  attribute_condition = local.conditions.plan

  attribute_mapping = {
    "google.subject" = "assertion.sub"
    "attribute.may"  = "(${local.conditions.apply}) ? 'apply' : 'plan'"
  }

  oidc {
    issuer_uri        = local.issuer
    allowed_audiences = var.audience[*]
  }
}

resource "google_service_account" "this" {
  for_each = {
    plan  = "Plans changes of ${var.repository}: reads, and keeps plans"
    apply = "Applies what was merged in ${var.repository}"
  }

  account_id   = "${var.name}-${each.key}"
  display_name = "${var.name} ${each.key}"
  description  = each.value
  project      = var.project

  depends_on = [google_project_service.this, var.state] # as above
}

resource "google_service_account_iam_member" "pipeline" {
  for_each = google_service_account.this

  service_account_id = each.value.name
  role               = "roles/iam.workloadIdentityUser"
  member             = local.members[each.key]
}
