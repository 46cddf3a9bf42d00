variable "objects" {
  description = "Objects of this depth, by identifier: `at` (environment and keys that lead here), `known` (their part of the known keys, or null) and `layers` (what each environment of the chain says, root first)."
  type        = any
  nullable    = false
}

variable "merged_below" {
  description = "The objects one level down, merged, by identifier."
  type        = any
  nullable    = false
}
