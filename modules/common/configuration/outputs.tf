output "merged" {
  description = "Settings of every environment after inheritance."
  value       = local.merged

  precondition {
    condition     = length(module.level_8.objects_below) == 0
    error_message = "The configuration is nested deeper than eight levels."
  }

  precondition {
    condition     = contains(local.environments, var.configuration_base_key)
    error_message = "The base environment `${var.configuration_base_key}` is not in the configuration; it has ${join(", ", local.environments)}. Add it, or name another one in configuration_base_key."
  }

  precondition {
    condition     = length(local.strangers.environments) == 0
    error_message = "The configuration has no environment ${join(", ", formatlist("`%s`", local.strangers.environments))}, which inherits names; it has ${join(", ", local.environments)}."
  }

  precondition {
    condition     = length(local.strangers.parents) == 0
    error_message = "The configuration has no environment ${join(", ", formatlist("`%s`", local.strangers.parents))} to inherit from; it has ${join(", ", local.environments)}."
  }

  precondition {
    condition     = length(local.cycles) == 0
    error_message = "An environment inherits from itself: ${join("; ", local.cycles)}."
  }

  precondition {
    condition     = length(local.too_long) == 0 || length(local.cycles) > 0
    error_message = "More than 32 environments inherit from each other: ${join(", ", local.too_long)}."
  }

  precondition {
    condition     = length(local.unknown_keys) == 0
    error_message = join("\n", local.unknown_keys)
  }
}

output "current" {
  description = "Settings of the current environment after inheritance."
  value       = local.current

  precondition {
    condition     = contains(local.environments, var.environment)
    error_message = "The configuration has no environment `${var.environment}`; it has ${join(", ", local.environments)}."
  }

  precondition {
    condition     = !contains(local.environments, var.environment) || length(local.missing_keys) == 0
    error_message = "The required key ${join(", ", formatlist("`%s`", local.missing_keys))} is missing; set it in environment `${join("` or, to inherit it, in `", lookup(local.chains, var.environment, [var.environment]))}`."
  }
}
