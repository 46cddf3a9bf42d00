variable "configuration" {
  description = "Settings of the cluster in each environment: a map from environment to an object with the keys of the README."
  type        = any # shapes differ between environments; every key is checked after inheritance
  nullable    = false
}

variable "environment" {
  description = "Infrastructure environment to create, such as apps or ops."
  type        = string
  nullable    = false
}

variable "configuration_base_key" {
  description = "Environment that all others inherit from."
  type        = string
  default     = "apps"
  nullable    = false
}

variable "inherits" {
  description = "Parent of an environment, where it is not the base: environment to parent."
  type        = map(string)
  default     = {}
  nullable    = false
}
