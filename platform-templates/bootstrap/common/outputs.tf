output "state" {
  description = "Where states lie, as environments/*.tfbackend says it."
  value       = module.state.backend
}

output "plan_store" {
  description = "Where reviewed plans lie."
  value       = module.state.plan_store
}
#% if bootstrap.pipeline

output "ci_variables" {
  description = "What the pipeline has to be told: variables of the repository, none of them secret."
  value = {
#% if bootstrap.aws
    KSTACK_PLAN_ROLE  = module.identity_aws.plan.role_arn
    KSTACK_APPLY_ROLE = module.identity_aws.apply.role_arn
#% endif
#% if bootstrap.google
#% if bootstrap.aws

#% endif
    KSTACK_IDENTITY_PROVIDER     = module.identity_google.plan.workload_identity_provider
    KSTACK_PLAN_SERVICE_ACCOUNT  = module.identity_google.plan.service_account
    KSTACK_APPLY_SERVICE_ACCOUNT = module.identity_google.apply.service_account
#% endif
#% if bootstrap.azure
#% if bootstrap.aws or bootstrap.google

#% endif
    KSTACK_TENANT_ID       = module.identity_azure.plan.tenant_id
    KSTACK_PLAN_CLIENT_ID  = module.identity_azure.plan.client_id
    KSTACK_APPLY_CLIENT_ID = module.identity_azure.apply.client_id
#% endif
  }
}
#% endif
