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
#% if environment.own_state

#% if environment.own_state.kind == "s3"
  state "s3" {
    bucket = <%= environment.own_state.bucket|hcl %>
    region = <%= environment.own_state.region|hcl %>
  }
#% elif environment.own_state.kind == "gcs"
  state "gcs" {
    bucket = <%= environment.own_state.bucket|hcl %>
  }
#% elif environment.own_state.kind == "azurerm"
  state "azurerm" {
    resource_group_name  = <%= environment.own_state.resource_group_name|hcl %>
    storage_account_name = <%= environment.own_state.storage_account_name|hcl %>
    container_name       = <%= environment.own_state.container_name|hcl %>
  }
#% else
  state "local" {
    path = <%= environment.own_state.path|hcl %>
  }
#% endif
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
#% elif platform.state.path == ".kstack/state"
# In .kstack/state of the work tree: for one person on one machine.
state "local" {}
#% else
# In the work tree: for one person on one machine.
state "local" {
  path = <%= platform.state.path|hcl %>
}
#% endif

engine <%= platform.engine.kind|hcl %> {
  version = <%= platform.engine.version|hcl %>
  mode    = <%= platform.engine.mode|hcl %>
}

#% if platform.forge_url
forge <%= platform.forge|hcl %> {
  url = <%= platform.forge_url|hcl %>
}

#% elif platform.forge
forge <%= platform.forge|hcl %> {}

#% endif
pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
#% if platform.providers
  # Nothing else is downloaded or started.
  providers = [<% for provider in platform.providers %><%= provider|hcl %><% if not loop.last %>, <% endif %><% endfor %>]

  # To destroy or replace one of these takes a word in the pull request.
  protect = [
#% for type in platform.protect
    <%= type|hcl %>,
#% endfor
  ]
#% else
  providers = [] # nothing is downloaded; Terraform's built-in resources do
#% endif
}
