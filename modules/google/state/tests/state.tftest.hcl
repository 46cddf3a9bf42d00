# Plans with a mocked provider: no cloud, no credentials.

mock_provider "google" {}

variables {
  project  = "acme-platform"
  bucket   = "acme-kstack-state"
  location = "europe-west1"
}

run "the_bucket_is_versioned_and_private" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled
    error_message = "Versions are the way back from a broken state."
  }

  assert {
    condition     = google_storage_bucket.this.uniform_bucket_level_access && google_storage_bucket.this.public_access_prevention == "enforced"
    error_message = "Nothing may be public, and access control lists must have no effect."
  }

  assert {
    condition     = !google_storage_bucket.this.force_destroy
    error_message = "A bucket with states must not be destroyed by accident."
  }

  assert {
    condition     = length(google_storage_bucket.this.encryption) == 0
    error_message = "Without a key Google encrypts with its own."
  }
}

run "replaced_versions_expire_and_current_ones_do_not" {
  command = plan

  variables {
    noncurrent_days = 30
  }

  assert {
    condition     = one(google_storage_bucket.this.lifecycle_rule[0].condition).days_since_noncurrent_time == 30 && one(google_storage_bucket.this.lifecycle_rule[0].condition).with_state == "ARCHIVED"
    error_message = "Replaced versions must go, and no others."
  }

  assert {
    condition     = alltrue([for rule in google_storage_bucket.this.lifecycle_rule : one(rule.action).type != "Delete" || one(rule.condition).age == null || one(rule.condition).age == 0])
    error_message = "A state that is not written for long must stay."
  }
}

run "a_key_of_ones_own_encrypts" {
  command = plan

  variables {
    kms_key_name = "projects/acme-keys/locations/europe-west1/keyRings/state/cryptoKeys/state"
  }

  assert {
    condition     = google_storage_bucket.this.encryption[0].default_kms_key_name == "projects/acme-keys/locations/europe-west1/keyRings/state/cryptoKeys/state"
    error_message = "The given key must be used."
  }
}

run "apis_are_enabled_and_stay_so" {
  command = plan

  assert {
    condition     = contains(keys(google_project_service.this), "container.googleapis.com") && alltrue([for service in google_project_service.this : !service.disable_on_destroy])
    error_message = "What else runs in the project must not lose its APIs."
  }
}

run "apis_may_be_left_to_somebody_else" {
  command = plan

  variables {
    services = []
  }

  assert {
    condition     = length(google_project_service.this) == 0
    error_message = "No API may be touched."
  }
}

run "backends_and_identities_learn_where_the_bucket_is" {
  command = plan

  assert {
    condition     = output.backend == { bucket = "acme-kstack-state" } && output.id == { bucket = "acme-kstack-state" }
    error_message = "The backend's own names must be used."
  }

  assert {
    condition     = output.plan_store == "gs://acme-kstack-state/kstack/plans"
    error_message = "Plans lie beside the state."
  }
}

run "labels_reach_the_bucket" {
  command = plan

  variables {
    labels = { cost-centre = "platform" }
  }

  assert {
    condition     = google_storage_bucket.this.labels.cost-centre == "platform"
    error_message = "The bucket lacks the labels."
  }
}

run "an_impossible_bucket_name_is_refused" {
  command = plan

  variables {
    bucket = "Acme.State"
  }

  expect_failures = [var.bucket]
}

run "a_zone_is_no_location" {
  command = plan

  variables {
    location = "europe-west1-b"
  }

  expect_failures = [var.location]
}

run "a_part_of_a_day_is_refused" {
  command = plan

  variables {
    noncurrent_days = 0.5
  }

  expect_failures = [var.noncurrent_days]
}

run "a_key_ring_is_no_key" {
  command = plan

  variables {
    kms_key_name = "projects/acme-keys/locations/europe-west1/keyRings/state"
  }

  expect_failures = [var.kms_key_name]
}
