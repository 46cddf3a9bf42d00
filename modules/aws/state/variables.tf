variable "bucket" {
  description = "Name of the bucket; names of buckets are unique in all of AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket)) && !strcontains(var.bucket, "..")
    error_message = "`bucket` must be 3 to 63 lower-case letters, digits, dots and hyphens, and begin and end with a letter or digit."
  }
}

variable "region" {
  description = "Region that the bucket must be in. Only checked: the provider decides."
  type        = string
  nullable    = false
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version of an object is kept, and with it the way back."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "`noncurrent_days` must be a whole number of days, at least 1."
  }
}

variable "kms_key_arn" {
  description = "KMS key that objects are encrypted with. Null means a key that S3 manages itself."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "`kms_key_arn` must be the ARN of a key, not of an alias: an alias can be moved to another key."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket destroys the states in it as well."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
