# The settings of one environment, after inheritance: their types, defaults and limits.
variable "configuration" {
  description = "Effective settings of the cluster, see the README of the cluster module."
  nullable    = false

  type = object({
    name_prefix     = string
    base_domain     = string
    kubeconfig_path = optional(string)
  })

  validation {
    condition     = var.configuration.kubeconfig_path == null || can(regex("^/", var.configuration.kubeconfig_path))
    error_message = "The kubeconfig_path must be absolute: it is read from wherever Terraform runs then."
  }
}
