# Plans with a mocked provider: no cloud, no credentials.

mock_provider "google" {
  override_during = plan

  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/123456789012/locations/global/workloadIdentityPools/acme-ci" }
  }

  mock_resource "google_iam_workload_identity_pool_provider" {
    defaults = { name = "projects/123456789012/locations/global/workloadIdentityPools/acme-ci/providers/github" }
  }

  mock_resource "google_service_account" {
    defaults = {
      name  = "projects/acme-platform/serviceAccounts/acme-plan@acme-platform.iam.gserviceaccount.com"
      email = "acme-plan@acme-platform.iam.gserviceaccount.com"
    }
  }
}

variables {
  name        = "acme"
  project     = "acme-platform"
  forge       = "github"
  repository  = "acme/platform"
  deploy_tags = ["apps-deploy-*"]
  state       = { bucket = "acme-kstack-state" }
}

run "only_tokens_of_the_repository_are_accepted" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.attribute_condition == "assertion.repository == 'acme/platform'"
    error_message = "Every other repository of the forge must be refused: ${google_iam_workload_identity_pool_provider.this.attribute_condition}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.oidc[0].issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "Tokens must be signed by GitHub."
  }
}

run "only_the_default_branch_and_the_deploy_tags_apply" {
  command = plan

  assert {
    condition     = output.conditions.apply == "assertion.event_name in ['push', 'schedule', 'workflow_dispatch'] && (assertion.ref == 'refs/heads/main' || assertion.ref.startsWith('refs/tags/apps-deploy-'))"
    error_message = "Nothing but what was merged may be applied: ${output.conditions.apply}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.attribute_mapping["attribute.may"] == "(${output.conditions.apply}) ? 'apply' : 'plan'"
    error_message = "The attribute must say what a token may."
  }

  assert {
    condition     = endswith(google_service_account_iam_member.pipeline["apply"].member, "/workloadIdentityPools/acme-ci/attribute.may/apply")
    error_message = "Only tokens that may apply get the identity that applies."
  }
}

run "ids_are_required_once_they_are_known" {
  command = plan

  variables {
    immutable_ids = { owner = "1", repository = "2" }
  }

  assert {
    condition     = output.conditions.plan == "assertion.repository == 'acme/platform' && assertion.repository_owner_id == '1' && assertion.repository_id == '2'"
    error_message = "A repository that took over the name must be refused."
  }
}

run "patterns_of_tags_are_taken_at_their_word" {
  command = plan

  variables {
    deploy_tags = ["release", "v*-eu"]
  }

  assert {
    condition     = strcontains(output.conditions.apply, "|| assertion.ref == 'refs/tags/release' || (assertion.ref.startsWith('refs/tags/v') && assertion.ref.endsWith('-eu') && size(assertion.ref) >= 14)")
    error_message = "Unexpected condition: ${output.conditions.apply}"
  }
}

run "gitlab_must_say_that_the_ref_is_protected" {
  command = plan

  variables {
    forge          = "gitlab"
    repository     = "acme/infra/platform"
    default_branch = "trunk"
  }

  assert {
    condition = output.conditions == {
      plan  = "assertion.project_path == 'acme/infra/platform'"
      apply = "assertion.ref_protected == 'true' && assertion.pipeline_source != 'merge_request_event' && ((assertion.ref_type == 'branch' && assertion.ref == 'trunk') || (assertion.ref_type == 'tag' && (assertion.ref.startsWith('apps-deploy-'))))"
    }
    error_message = "Unexpected conditions: ${jsonencode(output.conditions)}"
  }
}

run "without_tags_the_branch_alone_delivers" {
  command = plan

  variables {
    forge       = "gitlab"
    issuer      = "https://git.example.com/"
    audience    = "google"
    deploy_tags = []
  }

  assert {
    condition     = endswith(output.conditions.apply, "&& ((assertion.ref_type == 'branch' && assertion.ref == 'main'))")
    error_message = "Unexpected condition: ${output.conditions.apply}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.oidc[0].issuer_uri == "https://git.example.com" && google_iam_workload_identity_pool_provider.this.oidc[0].allowed_audiences == tolist(["google"])
    error_message = "Issuer and audience must be the given ones."
  }
}

run "the_plan_identity_reads_and_keeps_plans_and_nothing_else" {
  command = plan

  assert {
    condition     = toset([for key, grant in local.grants : grant.role if grant.identity == "plan"]) == toset(["roles/viewer", "roles/iam.securityReviewer"])
    error_message = "The plan identity reads."
  }

  assert {
    condition     = google_storage_bucket_iam_member.plan_reads[0].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.plan_keeps_plans[0].condition[0].expression == "resource.name.startsWith('projects/_/buckets/acme-kstack-state/objects/kstack/plans/')" && length(google_storage_bucket_iam_member.plan_locks) == 0
    error_message = "Plans are all that it writes: no state, no lock, no record."
  }
}

run "locks_are_allowed_where_they_are_wanted" {
  command = plan

  variables {
    plan_locks = true
  }

  assert {
    condition     = endswith(google_storage_bucket_iam_member.plan_locks[0].condition[0].expression, "resource.name.endsWith('.tflock')")
    error_message = "Only objects that are locks."
  }
}

run "every_project_gets_the_roles" {
  command = plan

  variables {
    projects    = ["acme-ops", "acme-apps"]
    plan_roles  = ["roles/viewer"]
    apply_roles = ["roles/owner"]
  }

  assert {
    condition     = keys(google_project_iam_member.this) == ["apply/acme-apps/roles/owner", "apply/acme-ops/roles/owner", "plan/acme-apps/roles/viewer", "plan/acme-ops/roles/viewer"]
    error_message = "Unexpected grants: ${join(", ", keys(google_project_iam_member.this))}"
  }
}

run "workflows_learn_what_to_ask_for" {
  command = plan

  assert {
    condition     = output.plan.workload_identity_provider == "projects/123456789012/locations/global/workloadIdentityPools/acme-ci/providers/github" && output.audience == "https://iam.googleapis.com/${output.plan.workload_identity_provider}"
    error_message = "Unexpected outputs: ${jsonencode(output.plan)}"
  }
}

run "gitea_needs_an_issuer_and_conditions" {
  command = plan

  variables {
    forge = "gitea"
  }

  expect_failures = [var.issuer, var.conditions]
}

run "a_pattern_for_all_tags_is_refused" {
  command = plan

  variables {
    deploy_tags = ["*"]
  }

  expect_failures = [var.deploy_tags]
}

run "a_branch_is_no_pattern" {
  command = plan

  variables {
    default_branch = "release/*"
  }

  expect_failures = [var.default_branch]
}

run "a_condition_that_asks_nothing_is_refused" {
  command = plan

  variables {
    conditions = { plan = "true", apply = "true" }
  }

  expect_failures = [var.conditions]
}

run "a_name_that_leaves_no_room_is_refused" {
  command = plan

  variables {
    name = "a-name-of-twenty-five-char"
  }

  expect_failures = [var.name]
}

run "without_a_state_in_google_no_bucket_is_granted" {
  command = plan

  variables {
    state      = null
    plan_locks = true
  }

  assert {
    condition     = length(google_storage_bucket_iam_member.plan_reads) + length(google_storage_bucket_iam_member.plan_keeps_plans) + length(google_storage_bucket_iam_member.plan_locks) + length(google_storage_bucket_iam_member.apply) == 0
    error_message = "There is no bucket."
  }

  assert {
    condition     = !anytrue([for key in keys(google_project_iam_member.this) : strcontains(key, "/roles/storage.")])
    error_message = "Nothing of the project's storage is the pipeline's: ${join(", ", keys(google_project_iam_member.this))}"
  }

  assert {
    condition     = contains(keys(google_project_iam_member.this), "apply/acme-platform/roles/container.admin") && contains(keys(google_project_iam_member.this), "plan/acme-platform/roles/viewer")
    error_message = "Clusters are planned and applied all the same."
  }
}

run "the_bucket_of_states_is_the_apply_identity_s_to_change" {
  command = plan

  assert {
    condition     = contains(keys(google_project_iam_member.this), "apply/acme-platform/roles/storage.admin") && google_storage_bucket_iam_member.apply[0].bucket == "acme-kstack-state"
    error_message = "Where there is a bucket, the stack that makes it is applied like any other."
  }
}

run "services_are_opened_in_every_project" {
  command = plan

  variables {
    state    = null
    projects = ["acme-ops", "acme-apps"]
    services = ["container.googleapis.com", "iam.googleapis.com"]
  }

  assert {
    condition     = keys(google_project_service.this) == ["acme-apps/container.googleapis.com", "acme-apps/iam.googleapis.com", "acme-ops/container.googleapis.com", "acme-ops/iam.googleapis.com"] && !anytrue([for service in google_project_service.this : service.disable_on_destroy])
    error_message = "Unexpected services: ${join(", ", keys(google_project_service.this))}"
  }
}
