variable "resource_group_name" {
  description = "Resource group that is made for the account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._()-]{0,89}[A-Za-z0-9_()-]$", var.resource_group_name))
    error_message = "`resource_group_name` must be 1 to 90 letters, digits, dots, underscores, hyphens and parentheses, and not end with a dot."
  }
}

variable "location" {
  description = "Azure location of the account, such as westeurope."
  type        = string
  nullable    = false
}

variable "storage_account_name" {
  description = "Name of the account; names of accounts are unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_account_name))
    error_message = "`storage_account_name` must be 3 to 24 lower-case letters and digits."
  }
}

variable "container_name" {
  description = "Container of the states and, below kstack/, of plans and records."
  type        = string
  default     = "tfstate"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9]|-[a-z0-9]){2,62}$", var.container_name))
    error_message = "`container_name` must be 3 to 63 lower-case letters, digits and single hyphens, and begin and end with a letter or digit."
  }
}

variable "replication" {
  description = "Where copies are kept: ZRS in the zones of the location, LRS in one, GRS and GZRS in a second location too."
  type        = string
  default     = "ZRS"
  nullable    = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"], var.replication)
    error_message = "`replication` must be LRS, ZRS, GRS, GZRS, RAGRS or RAGZRS."
  }
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version of a blob is kept, and with it the way back."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "`noncurrent_days` must be a whole number of days, at least 1."
  }
}

variable "creator_can_write" {
  description = "Whether whoever makes the account may write blobs, which the first state needs: owners of a subscription cannot by themselves."
  type        = bool
  default     = true
  nullable    = false
}

variable "role_propagation_duration" {
  description = "How long Azure gets to make that right known before anything is written."
  type        = string
  default     = "60s"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+[smh]$", var.role_propagation_duration))
    error_message = "`role_propagation_duration` must be a duration such as 60s."
  }
}

variable "tags" {
  description = "Tags of the account and its resource group."
  type        = map(string)
  default     = {}
  nullable    = false
}
