variable "configuration" {
  description = "Settings of each environment: a map from environment to an object. Any shape, at most eight levels deep."
  type        = any
  nullable    = false

  validation {
    condition     = can(length([keys(var.configuration)])) && try(length(var.configuration) > 0, false)
    error_message = "The configuration must be an object with at least one environment, such as { apps = { … } }."
  }

  validation {
    condition     = alltrue([for settings in var.configuration : can(length([keys(settings)]))])
    error_message = "Every environment of the configuration must be an object; write {} for one that inherits everything."
  }
}

variable "environment" {
  description = "Environment whose settings are wanted as `current`."
  type        = string
  nullable    = false
}

variable "configuration_base_key" {
  description = "Environment that all others inherit from, unless `inherits` says otherwise."
  type        = string
  default     = "apps"
  nullable    = false
}

variable "inherits" {
  description = "Parent of an environment, where it is not the base: environment to parent. Chains are allowed, at most 32 environments long."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for parent in values(var.inherits) : parent != null])
    error_message = "Every environment in inherits needs a parent; leave the environment out to inherit from the base."
  }
}

variable "known_keys" {
  description = "The settings that exist: a nested object whose leaves are strings that describe the type. The key \"*\" stands for any name. Null allows every key."
  type        = any
  default     = null
}

variable "required_keys" {
  description = "Top-level keys that the current environment must have once everything is inherited."
  type        = list(string)
  default     = []
  nullable    = false
}
