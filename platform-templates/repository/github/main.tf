locals {
  repository = <%= bootstrap.pipeline.name|hcl %>
}

# The pipeline applies what is on the default branch, so nothing gets there but by a pull request that others have
# approved and whose plan is known to be exact.
resource "github_repository_ruleset" "default_branch" {
  name        = "kstack: default branch"
  repository  = local.repository
  target      = "branch"
  enforcement = "active"

  conditions {
    ref_name {
      include = ["~DEFAULT_BRANCH"]
      exclude = []
    }
  }

  rules {
    deletion         = true
    non_fast_forward = true

    pull_request {
      required_approving_review_count   = var.approvals
      dismiss_stale_reviews_on_push     = true
      require_last_push_approval        = var.approvals > 0
      required_review_thread_resolution = true
    }

    required_status_checks {
      # Plans are bound to what they were made from, so a branch need not be up to date to be exact.
      strict_required_status_checks_policy = false

      dynamic "required_check" {
        for_each = var.required_checks

        content {
          context = required_check.value
        }
      }
    }
  }
}
#% if bootstrap.pipeline.deploy_tags

# A tag of these delivers the commit that it is put on, with that commit's own workflow. Whoever may push one may change
# every cluster: administrators, unless others are added to `bypass_actors`.
resource "github_repository_ruleset" "deploy_tags" {
  name        = "kstack: tags that deliver"
  repository  = local.repository
  target      = "tag"
  enforcement = "active"

  conditions {
    ref_name {
      include = [<% for tag in bootstrap.pipeline.deploy_tags %>"refs/tags/<%= tag %>"<% if not loop.last %>, <% endif %><% endfor %>]
      exclude = []
    }
  }

  rules {
    creation         = true
    update           = true
    deletion         = true
    non_fast_forward = true
  }

  bypass_actors {
    actor_id    = 5 # the role `admin` of the repository
    actor_type  = "RepositoryRole"
    bypass_mode = "always"
  }
}

# What engines of later environments follow; only promotions move them, and never backwards.
resource "github_repository_ruleset" "engine_branches" {
  name        = "kstack: branches of engines"
  repository  = local.repository
  target      = "branch"
  enforcement = "active"

  conditions {
    ref_name {
      include = ["refs/heads/deploy/**"]
      exclude = []
    }
  }

  rules {
    deletion         = true
    non_fast_forward = true
  }
}
#% endif

#% if bootstrap.pipeline.environment
# What Azure knows the jobs that apply by. Whoever gets into this environment may change every cluster, so it admits the
# default branch<% if bootstrap.pipeline.deploy_tags %> and the tags that deliver<% endif %>, and nothing else.
resource "github_repository_environment" "apply" {
  repository        = local.repository
  environment       = <%= bootstrap.pipeline.environment|hcl %>
  can_admins_bypass = false

  deployment_branch_policy {
    protected_branches     = false
    custom_branch_policies = true
  }
}

resource "github_repository_environment_deployment_policy" "default_branch" {
  repository     = local.repository
  environment    = github_repository_environment.apply.environment
  branch_pattern = <%= platform.default_branch|hcl %>
}

#% if bootstrap.pipeline.deploy_tags
resource "github_repository_environment_deployment_policy" "deploy_tags" {
  for_each = toset([<% for tag in bootstrap.pipeline.deploy_tags %><%= tag|hcl %><% if not loop.last %>, <% endif %><% endfor %>])

  repository  = local.repository
  environment = github_repository_environment.apply.environment
  tag_pattern = each.value
}

#% endif
#% endif
resource "github_repository_deploy_key" "engines" {
  count = var.deploy_key == null ? 0 : 1

  repository = local.repository
  title      = "Engines in the clusters"
  key        = var.deploy_key
  read_only  = true
}

resource "github_repository_webhook" "engines" {
  count = var.webhook == null ? 0 : 1

  repository = local.repository
  events     = ["push"]
  active     = true

  configuration {
    url          = var.webhook
    content_type = "json"
    insecure_ssl = false
    secret       = var.webhook_secret
  }
}
