# One run per row of the merge rule.

variables {
  environment   = "ops"
  configuration = { apps = {}, ops = {} }
}

run "an_empty_environment_inherits_everything" {
  command = plan

  variables {
    configuration = { apps = { name = "gc0", zones = ["a", "b"], network = { nat = "one" } }, ops = {} }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ name = "gc0", network = { nat = "one" }, zones = ["a", "b"] })
    error_message = "Everything of apps must be in ops: ${jsonencode(output.current)}"
  }
}

run "objects_merge_key_by_key_down_to_the_fifth_level" {
  command = plan

  variables {
    configuration = {
      apps = { a = { b = { c = { d = { e = 1, kept = "apps" }, kept = [1] } } } }
      ops  = { a = { b = { c = { d = { e = 2, added = { more = true } } } } } }
    }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ a = { b = { c = { d = { added = { more = true }, e = 2, kept = "apps" }, kept = [1] } } } })
    error_message = "Every level must merge: ${jsonencode(output.current)}"
  }

  assert {
    condition     = jsonencode(output.merged.apps) == jsonencode({ a = { b = { c = { d = { e = 1, kept = "apps" }, kept = [1] } } } })
    error_message = "The base must stay as it is: ${jsonencode(output.merged.apps)}"
  }
}

run "scalars_and_lists_replace" {
  command = plan

  variables {
    configuration = { apps = { size = 3, zones = ["a", "b"] }, ops = { size = 1, zones = ["c"] } }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ size = 1, zones = ["c"] })
    error_message = "The later value must stand alone: ${jsonencode(output.current)}"
  }
}

run "empty_values_are_values" {
  command = plan

  variables {
    configuration = {
      apps = { text = "x", number = 1, switch = true, list = [1] }
      ops  = { text = "", number = 0, switch = false, list = [] }
    }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ list = [], number = 0, switch = false, text = "" })
    error_message = "Empty values must replace: ${jsonencode(output.current)}"
  }
}

run "an_empty_object_changes_nothing" {
  command = plan

  variables {
    configuration = { apps = { labels = { team = "a" }, other = 1 }, ops = { labels = {}, other = {}, fresh = {} } }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ fresh = {}, labels = { team = "a" }, other = {} })
    error_message = "{} over an object keeps the object, over a scalar replaces it: ${jsonencode(output.current)}"
  }
}

run "null_removes_what_was_inherited_at_every_depth" {
  command = plan

  variables {
    configuration = {
      apps = { size = 3, network = { nat = "one", existing = { vpc_id = "vpc-1" } }, never = null }
      ops  = { size = null, network = { existing = null, fresh = { unset = null } } }
    }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ network = { fresh = {}, nat = "one" } })
    error_message = "Nulls must leave no key behind: ${jsonencode(output.current)}"
  }
}

run "shapes_may_differ_between_environments" {
  command = plan

  variables {
    configuration = {
      apps = { value = { a = 1 }, other = "text", list = [{ x = 1 }, "y"] }
      ops  = { value = "text", other = { a = { b = 1 } } }
    }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ list = [{ x = 1 }, "y"], other = { a = { b = 1 } }, value = "text" })
    error_message = "An object and a scalar must replace each other: ${jsonencode(output.current)}"
  }
}

run "keys_may_hold_any_character" {
  command = plan

  variables {
    configuration = {
      apps = { labels = { "kstack.dev/a" = "1", "a.b" = "2" } }
      ops  = { labels = { "kstack.dev/a" = "3", "a" = "4" } }
    }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ labels = { "a" = "4", "a.b" = "2", "kstack.dev/a" = "3" } })
    error_message = "Keys must not be split: ${jsonencode(output.current)}"
  }
}

run "chains_apply_from_the_root_to_the_environment" {
  command = plan

  variables {
    configuration = {
      live  = { a = 1, b = { x = 1, y = 1 }, gone = { z = 1 } }
      stage = { b = { x = 2 }, gone = null }
      lab   = { b = { y = 3 }, gone = { fresh = 1 } }
      other = {}
    }
    environment            = "lab"
    configuration_base_key = "live"
    inherits               = { lab = "stage" }
  }

  assert {
    condition     = jsonencode(output.current) == jsonencode({ a = 1, b = { x = 2, y = 3 }, gone = { fresh = 1 } })
    error_message = "live, stage and lab must apply in this order: ${jsonencode(output.current)}"
  }

  assert {
    condition     = jsonencode(output.merged.other) == jsonencode(output.merged.live)
    error_message = "An environment outside the chain inherits from the base."
  }
}

run "a_long_chain_is_followed_to_its_root" {
  command = plan

  variables {
    configuration = merge({ apps = { root = true } }, { for i in range(1, 32) : "e${i}" => { ("k${i}") = i } })
    inherits      = merge({ e1 = "apps" }, { for i in range(2, 32) : "e${i}" => "e${i - 1}" })
    environment   = "e31"
  }

  assert {
    condition     = length(output.current) == 32 && output.current.root && output.current.k1 == 1 && output.current.k31 == 31
    error_message = "All 32 environments must contribute: ${jsonencode(output.current)}"
  }
}

run "values_that_are_not_known_yet_do_not_make_their_neighbours_unknown" {
  command = plan

  module {
    source = "./tests/not_known_yet"
  }

  assert {
    condition     = output.cidr == "10.1.0.0/16" && jsonencode(output.pools) == jsonencode(["a", "c"])
    error_message = "The plan must know the keys and the other values: ${jsonencode(output.pools)}"
  }
}
