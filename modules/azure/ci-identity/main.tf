# Who the pipeline is to Azure. Its jobs hold no key: the forge signs a token that says which repository and which branch or
# tag a job runs for, and Entra gives a short-lived credential for it. Changes are planned with an identity that can only
# read; what can be applied must have been merged.

data "azurerm_client_config" "current" {}

locals {
  issuer   = var.issuer != null ? trimsuffix(var.issuer, "/") : { github = "https://token.actions.githubusercontent.com", gitlab = "https://gitlab.com" }[var.forge]
  audience = var.audience != null ? var.audience : "api://AzureADTokenExchange"

  # Named so that it is known what is made even where the subscription is not yet.
  scopes = var.scopes != null ? { for scope in var.scopes : scope => scope } : { subscription = "/subscriptions/${data.azurerm_client_config.current.subscription_id}" }

  owner       = split("/", var.repository)[0]
  github_name = var.immutable_ids == null ? var.repository : "${local.owner}@${var.immutable_ids.owner}/${trimprefix(var.repository, "${local.owner}/")}@${var.immutable_ids.repository}"

  # Tags that are patterns come in through the environment alone, see the variables.
  exact_tags = [for tag in var.deploy_tags : tag if !can(regex("[*?]", tag))]

  forge_subjects = {
    github = {
      # One subject stands for the pull requests of all branches.
      plan = ["repo:${local.github_name}:pull_request", "repo:${local.github_name}:ref:refs/heads/${var.default_branch}"]
      apply = var.apply_environment != null ? ["repo:${local.github_name}:environment:${var.apply_environment}"] : concat(
        ["repo:${local.github_name}:ref:refs/heads/${var.default_branch}"],
        [for tag in local.exact_tags : "repo:${local.github_name}:ref:refs/tags/${tag}"],
      )
    }

    gitlab = {
      plan = ["project_path:${var.repository}:ref_type:branch:ref:${var.default_branch}"]
      apply = concat(
        ["project_path:${var.repository}:ref_type:branch:ref:${var.default_branch}"],
        [for tag in local.exact_tags : "project_path:${var.repository}:ref_type:tag:ref:${tag}"],
      )
    }
  }

  subjects = var.subjects != null ? var.subjects : local.forge_subjects[var.forge]

  credentials = merge([
    for key in ["plan", "apply"] : { for subject in local.subjects[key] : "${key} ${subject}" => { identity = key, subject = subject } }
  ]...)
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = toset(["plan", "apply"])

  name                = "${var.name}-${each.key}"
  location            = var.location
  resource_group_name = var.resource_group_name

  tags = var.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = local.credentials

  name                      = "${var.forge}-${substr(sha256(each.value.subject), 0, 12)}"
  user_assigned_identity_id = azurerm_user_assigned_identity.this[each.value.identity].id
  issuer                    = local.issuer
  subject                   = each.value.subject
  audience                  = [local.audience]
}
