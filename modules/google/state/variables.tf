variable "project" {
  description = "Id of the project that the bucket is made in."
  type        = string
  nullable    = false
}

variable "bucket" {
  description = "Name of the bucket; names of buckets are unique in all of Google Cloud."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.bucket)) && !startswith(var.bucket, "goog") && !strcontains(var.bucket, "google")
    error_message = "`bucket` must be 3 to 63 lower-case letters, digits, hyphens and underscores, begin and end with a letter or digit, and not hold the name of Google."
  }
}

variable "location" {
  description = "Region, or pair or continent of regions, that the bucket is in, such as europe-west1 or EU; fixed at creation."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z]+(-[A-Za-z]+[0-9]+)?$|^[A-Za-z]+[0-9]+$", var.location))
    error_message = "`location` must be a region such as europe-west1, a pair such as EUR4, or EU, US or ASIA."
  }
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

variable "kms_key_name" {
  description = "Id of the Cloud KMS key that objects are encrypted with, in the location of the bucket; the project's Cloud Storage service agent must be allowed to use it. Null means a key that Google manages itself."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "`kms_key_name` must be projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "services" {
  description = "APIs to enable in the project: those that the modules call. They stay enabled when this is destroyed. An empty list leaves them to somebody else."
  type        = list(string)
  default = [
    "artifactregistry.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ]
  nullable = false
}

variable "force_destroy" {
  description = "Whether destroying the bucket destroys the states in it as well."
  type        = bool
  default     = false
  nullable    = false
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
