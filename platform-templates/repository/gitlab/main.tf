locals {
  project = <%= bootstrap.pipeline.repository|hcl %>
}

# The pipeline applies what is on the default branch, so nothing gets there but by a merge request. GitLab protects the
# branch when it makes a project: import that protection once, or remove it, before this is applied.
resource "gitlab_branch_protection" "default" {
  project                = local.project
  branch                 = <%= platform.default_branch|hcl %>
  push_access_level      = "no one"
  merge_access_level     = "maintainer"
  unprotect_access_level = "maintainer"
  allow_force_push       = false
}

# A merge waits for its pipeline, in which `kstack/plan-exact` is a job, and for open questions.
resource "gitlab_project_level_mr_approvals" "this" {
  project                        = local.project
  reset_approvals_on_push        = true
  merge_requests_author_approval = false
}
#% if bootstrap.pipeline.deploy_tags

# A tag of these delivers the commit that it is put on. Whoever may push one may change every cluster.
resource "gitlab_tag_protection" "deploy" {
  for_each = toset([<% for tag in bootstrap.pipeline.deploy_tags %><%= tag|hcl %><% if not loop.last %>, <% endif %><% endfor %>])

  project             = local.project
  tag                 = each.value
  create_access_level = "maintainer"
}

# What engines of later environments follow; only promotions move them, and never backwards.
resource "gitlab_branch_protection" "engines" {
  project            = local.project
  branch             = "deploy/*"
  push_access_level  = "maintainer"
  merge_access_level = "no one"
  allow_force_push   = false
}
#% endif

resource "gitlab_deploy_key" "engines" {
  count = var.deploy_key == null ? 0 : 1

  project  = local.project
  title    = "Engines in the clusters"
  key      = var.deploy_key
  can_push = false
}

resource "gitlab_project_hook" "engines" {
  count = var.webhook == null ? 0 : 1

  project                 = local.project
  url                     = var.webhook
  token                   = var.webhook_secret
  push_events             = true
  enable_ssl_verification = true
}
