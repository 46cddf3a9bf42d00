# The platform: what kstack, the pipeline and the engines in the clusters go by.
# Commands that change this file edit it in place and keep its comments and layout.

kstack {
  version = "0.1.0" # the version that wrote the repository
}

platform "local" {
  base_domain    = "local.example.com"
  repository     = "https://git.example.com/acme/local" # what the engines pull
  default_branch = "main"
}

# The order in this file is the order of promotion.
environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

# In .kstack/state of the work tree: for one person on one machine.
state "local" {}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
  providers = [] # nothing is downloaded; Terraform's built-in resources do
}
