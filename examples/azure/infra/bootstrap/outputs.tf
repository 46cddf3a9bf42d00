output "state" {
  description = "Where states lie, as environments/*.tfbackend says it."
  value       = module.state.backend
}

output "plan_store" {
  description = "Where reviewed plans lie."
  value       = module.state.plan_store
}
