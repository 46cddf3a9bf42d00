output "settings" {
  description = "The settings with their defaults."
  value       = var.configuration
}
