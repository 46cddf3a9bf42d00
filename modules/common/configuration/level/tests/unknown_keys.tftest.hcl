# The sentences about unknown keys. They are asserted here, since a test cannot read the message of a refusal.

variables {
  merged_below = {}
}

run "the_nearest_known_key_is_named" {
  command = plan

  variables {
    objects = {
      network = {
        at    = ["ops", "network"]
        known = { cidr = "string", nat = "string", existing = {} }
        layers = [
          { environment = "apps", value = { natt = 1 } },
          { environment = "ops", value = { nta = 1, vpc_cidr = 1, exsiting = 1, cidr = 1 } },
        ]
      }
    }
    merged_below = {}
  }

  assert {
    condition = jsonencode(output.unknown_keys) == jsonencode([
      "Environment `ops` sets `network.exsiting`, which is not a known key; did you mean `existing`?",
      "Environment `ops` sets `network.nta`, which is not a known key; did you mean `nat`?",
      "Environment `ops` sets `network.vpc_cidr`, which is not a known key; did you mean `cidr`?",
    ])
    error_message = "Only the keys that ops itself sets, each with its neighbour: ${jsonencode(output.unknown_keys)}"
  }
}

run "without_a_near_key_the_known_ones_are_listed" {
  command = plan

  variables {
    objects = {
      root = {
        at     = ["apps"]
        known  = { region = "string", tags = "map(string)" }
        layers = [{ environment = "apps", value = { quux = 1 } }]
      }
    }
  }

  assert {
    condition     = jsonencode(output.unknown_keys) == jsonencode(["Environment `apps` sets `quux`, which is not a known key; known here: region, tags."])
    error_message = "All known keys must be listed: ${jsonencode(output.unknown_keys)}"
  }
}
