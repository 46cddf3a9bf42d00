# One merge rule at every depth: objects merge key by key, everything else replaces, null removes.
#
# Terraform has no recursion, so the walk over the settings is unrolled: every call of ./level takes the objects
# of one depth, tells the next call which objects lie below, and gets them back merged.

locals {
  environments = keys(var.configuration)

  # An environment without a parent has an empty list, so that a chain simply ends there.
  parents = {
    for environment in local.environments : environment => [
      for parent in [lookup(var.inherits, environment, environment == var.configuration_base_key ? "" : var.configuration_base_key)] :
      parent if contains(local.environments, parent)
    ]
  }

  # The chain from an environment up to its root. Each step doubles the length: a chain continues with that of the parent of its last link.
  chains_1  = { for environment in local.environments : environment => [environment] }
  chains_2  = { for environment, chain in local.chains_1 : environment => concat(chain, flatten([for parent in local.parents[reverse(chain)[0]] : local.chains_1[parent]])) }
  chains_4  = { for environment, chain in local.chains_2 : environment => concat(chain, flatten([for parent in local.parents[reverse(chain)[0]] : local.chains_2[parent]])) }
  chains_8  = { for environment, chain in local.chains_4 : environment => concat(chain, flatten([for parent in local.parents[reverse(chain)[0]] : local.chains_4[parent]])) }
  chains_16 = { for environment, chain in local.chains_8 : environment => concat(chain, flatten([for parent in local.parents[reverse(chain)[0]] : local.chains_8[parent]])) }
  chains    = { for environment, chain in local.chains_16 : environment => concat(chain, flatten([for parent in local.parents[reverse(chain)[0]] : local.chains_16[parent]])) }

  # A chain that meets itself is a cycle: it is shown up to the first environment that returns.
  cycles = [
    for environment, chain in local.chains : join(" -> ", slice(chain, 0, 1 + [for i in range(1, length(chain)) : i if contains(slice(chain, 0, i), chain[i])][0]))
    if length(distinct(chain)) < length(chain)
  ]
  too_long = [for environment, chain in local.chains : environment if length(chain) == 32 && length(local.parents[reverse(chain)[0]]) > 0]

  strangers = {
    environments = [for environment in keys(var.inherits) : environment if !contains(local.environments, environment)]
    parents      = [for parent in distinct(values(var.inherits)) : parent if !contains(local.environments, parent)]
  }

  # Root first, so that a later layer wins over an earlier one.
  roots = {
    for environment, chain in local.chains : jsonencode([environment]) => {
      at     = [environment]
      known  = var.known_keys
      layers = [for link in reverse(distinct(chain)) : { environment = link, value = var.configuration[link] }]
    }
  }

  merged  = { for environment in local.environments : environment => module.level_1.merged[jsonencode([environment])] }
  current = lookup(local.merged, var.environment, {})

  unknown_keys = concat(
    module.level_1.unknown_keys, module.level_2.unknown_keys, module.level_3.unknown_keys, module.level_4.unknown_keys,
    module.level_5.unknown_keys, module.level_6.unknown_keys, module.level_7.unknown_keys, module.level_8.unknown_keys,
  )
  missing_keys = [for key in var.required_keys : key if !contains(keys(local.current), key)]
}

module "level_1" {
  source = "./level"

  objects      = local.roots
  merged_below = module.level_2.merged
}

module "level_2" {
  source = "./level"

  objects      = module.level_1.objects_below
  merged_below = module.level_3.merged
}

module "level_3" {
  source = "./level"

  objects      = module.level_2.objects_below
  merged_below = module.level_4.merged
}

module "level_4" {
  source = "./level"

  objects      = module.level_3.objects_below
  merged_below = module.level_5.merged
}

module "level_5" {
  source = "./level"

  objects      = module.level_4.objects_below
  merged_below = module.level_6.merged
}

module "level_6" {
  source = "./level"

  objects      = module.level_5.objects_below
  merged_below = module.level_7.merged
}

module "level_7" {
  source = "./level"

  objects      = module.level_6.objects_below
  merged_below = module.level_8.merged
}

module "level_8" {
  source = "./level"

  objects      = module.level_7.objects_below
  merged_below = { for id, object in module.level_8.objects_below : id => {} } # refused by the outputs
}
