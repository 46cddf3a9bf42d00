# Plans with a mocked provider: no cloud, no credentials.

mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = { object_id = "00000000-0000-0000-0000-0000000000bb" }
  }
}

mock_provider "time" {}

variables {
  resource_group_name  = "acme-state"
  location             = "westeurope"
  storage_account_name = "acmestate"
}

run "nothing_is_public_and_there_are_no_keys" {
  command = plan

  assert {
    condition = (
      azurerm_storage_account.this.allow_nested_items_to_be_public == false && azurerm_storage_account.this.shared_access_key_enabled == false &&
      azurerm_storage_account.this.local_user_enabled == false && azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.https_traffic_only_enabled
    )
    error_message = "Only roles may open the account, over TLS."
  }

  assert {
    condition     = azurerm_storage_container.this.container_access_type == "private"
    error_message = "The container must be private."
  }
}

run "replaced_versions_are_kept_and_then_go" {
  command = plan

  variables {
    noncurrent_days = 400
  }

  assert {
    condition     = azurerm_storage_account.this.blob_properties[0].versioning_enabled && azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 365
    error_message = "Every write must be kept, and deletions as long as Azure allows."
  }

  assert {
    condition     = one(azurerm_storage_management_policy.this.rule).actions[0].version[0].delete_after_days_since_creation == 400
    error_message = "Versions must go after the days that were asked for."
  }
}

run "the_creator_may_write_unless_told_otherwise" {
  command = plan

  assert {
    condition     = azurerm_role_assignment.creator[0].role_definition_name == "Storage Blob Data Contributor" && azurerm_role_assignment.creator[0].principal_id == "00000000-0000-0000-0000-0000000000bb"
    error_message = "The first state must be written by somebody."
  }
}

run "without_that_nobody_gets_a_role" {
  command = plan

  variables {
    creator_can_write = false
  }

  assert {
    condition     = length(azurerm_role_assignment.creator) + length(time_sleep.creator) == 0
    error_message = "No role may be given."
  }
}

run "the_backend_is_told_by_its_own_names" {
  command = plan

  assert {
    condition     = output.backend == { resource_group_name = "acme-state", storage_account_name = "acmestate", container_name = "tfstate", use_azuread_auth = true } && output.plan_store == "az://acmestate/tfstate/kstack/plans"
    error_message = "Unexpected backend: ${jsonencode(output.backend)}, ${output.plan_store}"
  }
}

run "a_name_with_hyphens_is_refused" {
  command = plan

  variables {
    storage_account_name = "acme-state"
  }

  expect_failures = [var.storage_account_name]
}

run "a_container_with_capitals_is_refused" {
  command = plan

  variables {
    container_name = "State"
  }

  expect_failures = [var.container_name]
}

run "an_unknown_replication_is_refused" {
  command = plan

  variables {
    replication = "RAID"
  }

  expect_failures = [var.replication]
}

run "half_days_are_refused" {
  command = plan

  variables {
    noncurrent_days = 0.5
  }

  expect_failures = [var.noncurrent_days]
}
