variable "name_prefix" {
  description = "First part of the name: what the cluster is for and a counter, such as gc0."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name_prefix))
    error_message = "The name_prefix \"${var.name_prefix}\" must have 1 to 40 lower-case letters, digits or hyphens, start with a letter and not end with a hyphen."
  }
}

variable "environment" {
  description = "Second part of the name: the infrastructure environment, such as apps or ops."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", var.environment))
    error_message = "The environment \"${var.environment}\" must have 1 to 40 lower-case letters, digits or hyphens, and neither start nor end with a hyphen."
  }
}

variable "region" {
  description = "Last part of the name: the provider's region, such as eu-west-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", var.region))
    error_message = "The region \"${var.region}\" must have 1 to 40 lower-case letters, digits or hyphens, and neither start nor end with a hyphen."
  }
}

variable "provider_name" {
  description = "Short name of the provider: aws, gcp, azure or local. It is the first part of the domain."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["aws", "gcp", "azure", "local"], var.provider_name)
    error_message = "The provider_name \"${var.provider_name}\" must be aws, gcp, azure or local."
  }
}

variable "base_domain" {
  description = "Domain that the platform owns, such as platform.example.com."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.base_domain) <= 183 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.base_domain))
    error_message = "The base_domain \"${var.base_domain}\" must be a domain in lower case with at least one dot and at most 183 characters, so that the domains of clusters have 253, such as platform.example.com."
  }
}

variable "derived_names" {
  description = "Names made of the cluster's name and a suffix, for resources with limits of their own: suffix, greatest length, and whether hyphens are allowed, by any key."
  type        = map(object({ suffix = string, max_length = number, hyphens = optional(bool, true) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for derived in var.derived_names : derived.max_length - length(derived.suffix) >= 16])
    error_message = "Every derived name must leave at least 16 characters to the cluster's name."
  }

  validation {
    condition     = alltrue([for derived in var.derived_names : derived.hyphens || !strcontains(derived.suffix, "-")])
    error_message = "The suffix of a derived name without hyphens must have none."
  }
}

variable "label_namespace" {
  description = "What the keys of the labels start with."
  type        = string
  default     = "kstack.dev/"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/$", var.label_namespace))
    error_message = "The label_namespace \"${var.label_namespace}\" must be a DNS name and a slash, such as kstack.dev/."
  }
}
