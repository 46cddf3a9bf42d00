# The platform: what kstack, the pipeline and the engines in the clusters go by.
# Commands that change this file edit it in place and keep its comments and layout.

kstack {
  version = <%= platform.kstack_version|hcl %> # the version that wrote the repository
}

platform <%= platform.name|hcl %> {
  base_domain    = <%= platform.base_domain|hcl %>
  repository     = <%= platform.repository|hcl %> # what the engines pull
  default_branch = <%= platform.default_branch|hcl %>
}

# The order in this file is the order of promotion.
#% for environment in platform.environments
environment <%= environment.name|hcl %> {
#% if environment.protected
  trigger   = <%= environment.trigger|hcl %>
  protected = true
#% else
  trigger = <%= environment.trigger|hcl %>
#% endif
}

#% endfor
#% if platform.state.kind == "s3"
state "s3" {
  bucket = <%= platform.state.bucket|hcl %>
  region = <%= platform.state.region|hcl %>
}
#% elif platform.state.kind == "gcs"
state "gcs" {
  bucket = <%= platform.state.bucket|hcl %>
}
#% elif platform.state.kind == "azurerm"
state "azurerm" {
  resource_group_name  = <%= platform.state.resource_group_name|hcl %>
  storage_account_name = <%= platform.state.storage_account_name|hcl %>
  container_name       = <%= platform.state.container_name|hcl %>
}
#% else
# In .kstack/state of the work tree: for one person on one machine.
state "local" {}
#% endif

engine "flux" {
  version = <%= platform.flux_version|hcl %>
  mode    = "classic"
}

#% if platform.github
forge "github" {}

#% endif
pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
#% if platform.aws
  # Nothing else is downloaded or started.
  providers = ["hashicorp/aws"]

  # To destroy or replace one of these takes a word in the pull request.
  protect = ["aws_eks_cluster", "aws_kms_key", "aws_route53_zone", "aws_vpc"]
#% else
  providers = [] # nothing is downloaded; Terraform's built-in resources do
#% endif
}
