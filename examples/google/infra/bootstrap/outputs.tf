output "state" {
  description = "Where states lie, as environments/*.tfbackend says it."
  value       = module.state.backend
}

output "plan_store" {
  description = "Where reviewed plans lie."
  value       = module.state.plan_store
}

output "ci_variables" {
  description = "What the pipeline has to be told: variables of the repository, none of them secret."
  value = {
    KSTACK_IDENTITY_PROVIDER     = module.identity_google.plan.workload_identity_provider
    KSTACK_PLAN_SERVICE_ACCOUNT  = module.identity_google.plan.service_account
    KSTACK_APPLY_SERVICE_ACCOUNT = module.identity_google.apply.service_account
  }
}
