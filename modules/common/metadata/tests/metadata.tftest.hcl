variables {
  name_prefix   = "gc0"
  environment   = "ops"
  region        = "eu-west-1"
  provider_name = "aws"
  base_domain   = "platform.example.com"
}

run "the_name_is_prefix_environment_region" {
  command = plan

  assert {
    condition     = output.name == "gc0-ops-eu-west-1" && output.domain == "aws.platform.example.com" && output.fqdn == "gc0-ops-eu-west-1.aws.platform.example.com"
    error_message = "Unexpected names: ${output.name}, ${output.fqdn}"
  }

  assert {
    condition     = output.current_metadata.name == output.name && output.current_metadata.fqdn == output.fqdn && output.current_metadata.labels == output.labels
    error_message = "The object must hold the same names."
  }
}

run "labels_lie_under_the_namespace" {
  command = plan

  assert {
    condition = output.labels == {
      "kstack.dev/cluster"     = "gc0-ops-eu-west-1"
      "kstack.dev/domain"      = "aws.platform.example.com"
      "kstack.dev/environment" = "ops"
      "kstack.dev/fqdn"        = "gc0-ops-eu-west-1.aws.platform.example.com"
      "kstack.dev/provider"    = "aws"
      "kstack.dev/region"      = "eu-west-1"
    }
    error_message = "Unexpected labels: ${jsonencode(output.labels)}"
  }
}

run "tags_suit_every_cloud" {
  command = plan

  assert {
    condition     = alltrue([for key, value in output.tags : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{1,63}$", value))])
    error_message = "Unexpected tags: ${jsonencode(output.tags)}"
  }
}

run "a_label_that_is_too_long_ends_in_a_hash" {
  command = plan

  variables {
    base_domain = "a-department-with-a-long-name.platform.example.com"
  }

  assert {
    condition     = length(output.labels["kstack.dev/fqdn"]) <= 63 && can(regex("^gc0-ops-eu-west-1\\..*-[0-9a-f]{8}$", output.labels["kstack.dev/fqdn"]))
    error_message = "Unexpected label: ${output.labels["kstack.dev/fqdn"]}"
  }
}

run "a_name_that_is_too_long_for_google_ends_in_a_hash" {
  command = plan

  variables {
    name_prefix   = "analytics0"
    environment   = "apps-prod"
    region        = "northamerica-northeast1"
    provider_name = "gcp"
  }

  assert {
    condition     = length(output.name) == 40 && startswith(output.name, "analytics0-apps-prod-northameri-")
    error_message = "Unexpected name: ${output.name}"
  }
}

run "its_neighbour_region_gets_another_name" {
  command = plan

  variables {
    name_prefix   = "analytics0"
    environment   = "apps-prod"
    region        = "northamerica-northeast2"
    provider_name = "gcp"
  }

  assert {
    condition     = output.name != run.a_name_that_is_too_long_for_google_ends_in_a_hash.name
    error_message = "Two clusters must not share the name ${output.name}."
  }
}

run "derived_names_keep_their_suffix_and_limit" {
  command = plan

  variables {
    name_prefix   = "a-cluster-for-machine-learning0"
    derived_names = { role = { suffix = "-cluster", max_length = 64 }, short = { suffix = "-key", max_length = 32 } }
  }

  assert {
    condition     = output.derived_names.role == "a-cluster-for-machine-learning0-ops-eu-west-1-${substr(sha256("a-cluster-for-machine-learning0/ops/eu-west-1"), 0, 8)}-cluster"
    error_message = "Unexpected name: ${output.derived_names.role}"
  }

  assert {
    condition     = length(output.derived_names.short) <= 32 && can(regex("^a-cluster-for-mach.*-[0-9a-f]{8}-key$", output.derived_names.short))
    error_message = "Unexpected name: ${output.derived_names.short}"
  }
}

run "a_prefix_with_a_hyphen_gets_a_hash" {
  command = plan

  variables {
    name_prefix = "team-gc0"
  }

  assert {
    condition     = output.name == "team-gc0-ops-eu-west-1-${substr(sha256("team-gc0/ops/eu-west-1"), 0, 8)}"
    error_message = "Unexpected name: ${output.name}"
  }
}

run "an_environment_with_a_hyphen_needs_none" {
  command = plan

  variables {
    environment = "apps-prod"
  }

  assert {
    condition     = output.name == "gc0-apps-prod-eu-west-1"
    error_message = "Unexpected name: ${output.name}"
  }
}

run "a_name_without_hyphens_always_has_the_hash" {
  command = plan

  variables {
    derived_names = { account = { suffix = "st", max_length = 24, hyphens = false } }
  }

  assert {
    condition     = output.derived_names.account == "gc0opseuwest1${substr(sha256("gc0/ops/eu-west-1"), 0, 8)}st"
    error_message = "Unexpected name: ${output.derived_names.account}"
  }
}

run "a_suffix_with_a_hyphen_in_a_name_without_is_refused" {
  command = plan

  variables {
    derived_names = { account = { suffix = "-st", max_length = 24, hyphens = false } }
  }

  expect_failures = [var.derived_names]
}

run "a_prefix_in_upper_case_is_refused" {
  command = plan

  variables {
    name_prefix = "GC0"
  }

  expect_failures = [var.name_prefix]
}

run "an_environment_with_an_underscore_is_refused" {
  command = plan

  variables {
    environment = "apps_prod"
  }

  expect_failures = [var.environment]
}

run "a_prefix_and_an_environment_of_40_characters_are_taken" {
  command = plan

  variables {
    name_prefix = "clusters-of-the-department-of-statistics"
    environment = "applications-of-the-whole-company-europe"
  }

  assert {
    condition     = length(output.name) <= 63 && can(regex("^clusters-of-the-department-of-statistics-appl.*-[0-9a-f]{8}$", output.name))
    error_message = "Unexpected name: ${output.name}"
  }
}

run "a_prefix_and_an_environment_of_41_characters_are_refused" {
  command = plan

  variables {
    name_prefix = "clusters-of-the-departments-of-statistics"
    environment = "applications-of-the-whole-company-europes"
  }

  expect_failures = [var.name_prefix, var.environment]
}

run "a_domain_of_183_characters_is_taken" {
  command = plan

  variables {
    base_domain = "${join("", [for _ in range(60) : "a"])}.${join("", [for _ in range(60) : "b"])}.${join("", [for _ in range(53) : "c"])}.example"
  }

  assert {
    condition     = length(output.fqdn) <= 253 && endswith(output.fqdn, ".example")
    error_message = "Unexpected domain: ${output.fqdn}"
  }
}

run "a_domain_of_184_characters_is_refused" {
  command = plan

  variables {
    base_domain = "${join("", [for _ in range(60) : "a"])}.${join("", [for _ in range(60) : "b"])}.${join("", [for _ in range(54) : "c"])}.example"
  }

  expect_failures = [var.base_domain]
}

run "a_domain_without_a_dot_is_refused" {
  command = plan

  variables {
    base_domain = "localhost"
  }

  expect_failures = [var.base_domain]
}

run "an_unknown_provider_is_refused" {
  command = plan

  variables {
    provider_name = "aliyun"
  }

  expect_failures = [var.provider_name]
}
