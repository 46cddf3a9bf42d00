variable "environment" {
  description = "Infrastructure environment to plan, set by environments/<environment>.tfvars."
  type        = string
  nullable    = false
}

variable "kstack_home" {
  description = "Data directory of kstack, set by kstack through TF_VAR_kstack_home. Null means ~/.local/share/kstack."
  type        = string
  default     = null
}
