# What is refused, and that the message says what to do.

variables {
  environment   = "ops"
  configuration = { apps = {}, ops = {} }
}

run "an_environment_that_is_not_configured_is_refused" {
  command = plan

  variables {
    environment = "opss"
  }

  expect_failures = [output.current]
}

run "a_base_that_is_not_configured_is_refused" {
  command = plan

  variables {
    configuration_base_key = "live"
  }

  expect_failures = [output.merged]
}

run "inheriting_from_an_environment_that_is_not_configured_is_refused" {
  command = plan

  variables {
    inherits = { ops = "live" }
  }

  expect_failures = [output.merged]
}

run "an_environment_that_inherits_from_itself_is_refused" {
  command = plan

  variables {
    inherits = { ops = "ops" }
  }

  expect_failures = [output.merged]
}

run "a_cycle_of_environments_is_refused" {
  command = plan

  variables {
    configuration = { apps = {}, ops = {}, lab = {}, dev = {} }
    inherits      = { ops = "lab", lab = "dev", dev = "ops" }
  }

  expect_failures = [output.merged]
}

run "a_chain_longer_than_32_environments_is_refused" {
  command = plan

  variables {
    configuration = merge({ apps = {}, ops = {} }, { for i in range(1, 34) : "e${i}" => {} })
    inherits      = { for i in range(2, 34) : "e${i}" => "e${i - 1}" }
  }

  expect_failures = [output.merged]
}

run "an_environment_that_is_null_is_refused" {
  command = plan

  variables {
    configuration = { apps = {}, ops = null }
  }

  expect_failures = [var.configuration]
}

run "settings_deeper_than_eight_levels_are_refused" {
  command = plan

  variables {
    configuration = { apps = { a = { b = { c = { d = { e = { f = { g = { h = {} } } } } } } } }, ops = {} }
  }

  expect_failures = [output.merged]
}

run "an_unknown_key_is_refused" {
  command = plan

  variables {
    configuration = { apps = { min_size = 1 }, ops = { min_sise = 3 } }
    known_keys    = { min_size = "number", max_size = "number" }
  }

  expect_failures = [output.merged]
}

run "an_unknown_key_under_any_name_is_refused" {
  command = plan

  variables {
    configuration = { apps = { taints = { gpu = { kee = "x" } } }, ops = {} }
    known_keys    = { taints = { "*" = { key = "string" } } }
  }

  expect_failures = [output.merged]
}

run "a_missing_required_key_is_refused" {
  command = plan

  variables {
    configuration = { apps = { region = "x" }, ops = { region = null } }
    required_keys = ["region"]
  }

  expect_failures = [output.current]
}

run "known_keys_pass_and_leaves_are_not_looked_into" {
  command = plan

  variables {
    configuration = { apps = { tags = { any = { thing = 1 } }, taints = { gpu = { key = "x" } } }, ops = {} }
    known_keys    = { tags = "map(string)", taints = { "*" = { key = "string" } } }
    required_keys = ["tags"]
  }

  assert {
    condition     = output.current.taints.gpu.key == "x"
    error_message = "Known keys must pass."
  }
}
