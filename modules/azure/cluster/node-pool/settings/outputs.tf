output "settings" {
  description = "The settings with their defaults."
  value       = var.configuration

  precondition {
    condition     = length(local.sysctl_out_of_range) == 0
    error_message = "A setting in linux.sysctl is out of the range of AKS: ${join("; ", local.sysctl_out_of_range)}."
  }
}
