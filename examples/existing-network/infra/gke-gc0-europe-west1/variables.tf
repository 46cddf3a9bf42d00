variable "environment" {
  description = "Infrastructure environment to plan, set by environments/<environment>.tfvars."
  type        = string
  nullable    = false
}
