# Plans with a mocked provider: no cloud, no credentials.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "acme-kstack-state"
      arn = "arn:aws:s3:::acme-kstack-state"
    }
  }
}

variables {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

run "the_bucket_is_versioned_encrypted_and_private" {
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versions are the way back from a broken state."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Objects must be encrypted without any setting."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing may be public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Access control lists must have no effect."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket with states must not be destroyed by accident."
  }
}

run "connections_must_be_encrypted" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && contains(statement.Resource, "arn:aws:s3:::acme-kstack-state/*")
    ])
    error_message = "The policy only takes away, from everybody and for every object."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "Connections without TLS must be refused."
  }
}

run "replaced_versions_expire_and_current_ones_do_not" {
  variables {
    noncurrent_days = 30
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "Replaced versions must go."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == null || aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 0
    error_message = "A state that is not written for long must stay."
  }
}

run "a_key_of_ones_own_encrypts" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/7a1b"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/7a1b"
    error_message = "The given key must be used."
  }

  assert {
    condition     = output.id.kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/7a1b"
    error_message = "Roles need the right to use the key."
  }
}

run "backends_and_roles_learn_where_the_bucket_is" {
  assert {
    condition     = output.backend == { bucket = "acme-kstack-state", region = "eu-west-1", encrypt = true, use_lockfile = true }
    error_message = "The backend's own names must be used."
  }

  assert {
    condition     = output.plan_store == "s3://acme-kstack-state/kstack/plans" && output.id.bucket_arn == "arn:aws:s3:::acme-kstack-state"
    error_message = "Plans lie beside the state."
  }
}

run "another_region_than_the_provider_s_is_refused" {
  command = plan

  variables {
    region = "us-east-1"
  }

  expect_failures = [aws_s3_bucket.this]
}

run "an_impossible_bucket_name_is_refused" {
  command = plan

  variables {
    bucket = "Acme_State"
  }

  expect_failures = [var.bucket]
}

run "an_alias_is_no_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/state"
  }

  expect_failures = [var.kms_key_arn]
}
