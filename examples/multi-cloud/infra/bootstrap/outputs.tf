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
    KSTACK_PLAN_ROLE  = module.identity_aws.plan.role_arn
    KSTACK_APPLY_ROLE = module.identity_aws.apply.role_arn
  }
}
