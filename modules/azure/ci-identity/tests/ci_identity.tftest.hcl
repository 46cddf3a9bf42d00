# Plans with a mocked provider: no cloud, no credentials. The ids are what the provider parses.

mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-0000000000aa"
    }
  }
}

variables {
  name                = "acme"
  resource_group_name = "acme-state"
  location            = "westeurope"
  forge               = "github"
  repository          = "acme/platform"

  state = {
    resource_group_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-state"
    container_id      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme-state/providers/Microsoft.Storage/storageAccounts/acmestate/blobServices/default/containers/tfstate"
  }
}

run "pull_requests_plan_and_the_default_branch_applies" {
  command = plan

  assert {
    condition     = output.subjects.plan == tolist(["repo:acme/platform:pull_request", "repo:acme/platform:ref:refs/heads/main"]) && output.subjects.apply == tolist(["repo:acme/platform:ref:refs/heads/main"])
    error_message = "Unexpected subjects: ${jsonencode(output.subjects)}"
  }

  assert {
    condition     = length(azurerm_federated_identity_credential.this) == 3 && alltrue([for credential in azurerm_federated_identity_credential.this : credential.issuer == "https://token.actions.githubusercontent.com" && credential.audience == tolist(["api://AzureADTokenExchange"])])
    error_message = "Every subject needs a credential."
  }
}

run "the_plan_identity_reads_and_keeps_plans_only" {
  command = plan

  assert {
    condition     = [for assignment in azurerm_role_assignment.plan : assignment.role_definition_name] == ["Azure Kubernetes Service Cluster User Role", "Key Vault Reader", "Reader"] && alltrue([for assignment in azurerm_role_assignment.plan : assignment.scope == "/subscriptions/00000000-0000-0000-0000-000000000001"])
    error_message = "Unexpected roles: ${join(", ", keys(azurerm_role_assignment.plan))}"
  }

  assert {
    condition     = !anytrue([for action in azurerm_role_definition.plan_state[0].permissions[0].data_actions : endswith(action, "/delete")]) && strcontains(azurerm_role_assignment.plan_state[0].condition, "StringLike 'kstack/plans/*'")
    error_message = "States must stay as they are."
  }
}

run "the_apply_identity_cannot_make_itself_administrator" {
  command = plan

  assert {
    condition     = strcontains(one(values(azurerm_role_assignment.apply_roles)).condition, "GuidNotEquals {8e3af657-a8ff-443c-a75c-2fe8c4bcb635, 18d7d88d-d35e-4fb5-a5c3-7773c20a72d9, f58310d9-a9f6-439a-9e8d-f62e7b41a168}") && !contains([for assignment in azurerm_role_assignment.apply : assignment.role_definition_name], "Owner")
    error_message = "The roles of administrators must be left out."
  }
}

run "tags_without_wildcards_apply_by_themselves" {
  command = plan

  variables {
    deploy_tags = ["apps-live"]
  }

  assert {
    condition     = output.subjects.apply == tolist(["repo:acme/platform:ref:refs/heads/main", "repo:acme/platform:ref:refs/tags/apps-live"])
    error_message = "Unexpected subjects: ${jsonencode(output.subjects)}"
  }
}

run "tags_by_pattern_apply_through_an_environment" {
  command = plan

  variables {
    deploy_tags       = ["apps-deploy-*"]
    apply_environment = "kstack"
  }

  assert {
    condition     = output.subjects.apply == tolist(["repo:acme/platform:environment:kstack"])
    error_message = "Unexpected subjects: ${jsonencode(output.subjects)}"
  }
}

run "tags_by_pattern_are_refused_without_an_environment" {
  command = plan

  variables {
    deploy_tags = ["apps-deploy-*"]
  }

  expect_failures = [var.deploy_tags]
}

run "ids_stand_in_the_subject_where_given" {
  command = plan

  variables {
    immutable_ids = { owner = "1", repository = "2" }
  }

  assert {
    condition     = output.subjects.apply == tolist(["repo:acme@1/platform@2:ref:refs/heads/main"])
    error_message = "Unexpected subjects: ${jsonencode(output.subjects)}"
  }
}

run "gitlab_has_subjects_of_its_own" {
  command = plan

  variables {
    forge       = "gitlab"
    repository  = "acme/teams/platform"
    deploy_tags = ["apps-live"]
  }

  assert {
    condition     = output.subjects.apply == tolist(["project_path:acme/teams/platform:ref_type:branch:ref:main", "project_path:acme/teams/platform:ref_type:tag:ref:apps-live"])
    error_message = "Unexpected subjects: ${jsonencode(output.subjects)}"
  }
}

run "an_environment_of_gitlab_is_refused" {
  command = plan

  variables {
    forge             = "gitlab"
    apply_environment = "kstack"
  }

  expect_failures = [var.apply_environment]
}

run "gitea_is_refused_without_a_signer" {
  command = plan

  variables {
    forge = "gitea"
  }

  expect_failures = [var.issuer, var.subjects]
}

run "wildcards_in_subjects_are_refused" {
  command = plan

  variables {
    subjects = { plan = ["repo:acme/platform:*"], apply = ["repo:acme/platform:ref:refs/heads/main"] }
  }

  expect_failures = [var.subjects]
}

run "a_pattern_for_all_tags_is_refused" {
  command = plan

  variables {
    deploy_tags       = ["*"]
    apply_environment = "kstack"
  }

  expect_failures = [var.deploy_tags]
}

run "without_a_state_in_azure_no_container_is_granted" {
  command = plan

  variables {
    state = null
  }

  assert {
    condition     = length(azurerm_role_assignment.apply_state) + length(azurerm_role_assignment.plan_state) + length(azurerm_role_definition.plan_state) == 0
    error_message = "There is no container."
  }

  assert {
    condition     = length(azurerm_role_assignment.plan) == 3 && length(azurerm_role_assignment.apply) == 3 && length(azurerm_role_assignment.apply_roles) == 1
    error_message = "Clusters are planned and applied all the same."
  }
}

run "every_scope_gets_the_roles" {
  command = plan

  variables {
    scopes      = ["/subscriptions/00000000-0000-0000-0000-000000000001", "/subscriptions/00000000-0000-0000-0000-000000000002"]
    plan_roles  = ["Reader"]
    apply_roles = ["Contributor"]
  }

  assert {
    condition = alltrue([
      for assignments in [azurerm_role_assignment.plan, azurerm_role_assignment.apply, azurerm_role_assignment.apply_roles] :
      [for assignment in assignments : assignment.scope] == ["/subscriptions/00000000-0000-0000-0000-000000000001", "/subscriptions/00000000-0000-0000-0000-000000000002"]
    ])
    error_message = "Both subscriptions must be planned and applied."
  }
}

run "a_scope_that_is_no_id_is_refused" {
  command = plan

  variables {
    scopes = ["acme-production"]
  }

  expect_failures = [var.scopes]
}
