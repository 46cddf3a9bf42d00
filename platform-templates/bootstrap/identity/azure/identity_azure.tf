#% if platform.state.kind != "azurerm"
# States lie in another cloud, so there is no resource group yet that is not a cluster's.
resource "azurerm_resource_group" "identity" {
  name     = <%= (platform.name ~ "-kstack")|hcl %>
  location = <%= bootstrap.azure.location|hcl %>
}

#% endif
# Identities that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_azure" {
  source = "../../modules/azure/ci-identity"

<%= [["name", platform.name ~ "-kstack"], ["location", bootstrap.azure.location], ["scopes", bootstrap.azure.scopes], ["forge", bootstrap.pipeline.forge], ["issuer", bootstrap.pipeline.issuer], ["repository", bootstrap.pipeline.repository], ["default_branch", platform.default_branch]]|attributes(2) %>
#% if platform.state.kind == "azurerm"

  resource_group_name = module.state.backend.resource_group_name
  state               = module.state.id
#% else

  resource_group_name = azurerm_resource_group.identity.name
#% endif
#% if bootstrap.pipeline.environment

  # Entra knows no patterns, so an environment of the repository stands for branch and tags: its deployment rules must
  # admit the default branch and the tags that deliver, and nothing else.<% if platform.manages_repository %> infra/repository sees to that.<% endif %>

  apply_environment = <%= bootstrap.pipeline.environment|hcl %>

  # Tokens of repositories that were made since the middle of 2026 hold ids, and Entra compares them letter by letter:
  # `gh api repos/OWNER/NAME --jq .owner.id,.id` prints them.
  # immutable_ids = { owner = "1", repository = "2" }
#% elif bootstrap.pipeline.forge == "gitlab"

  # Entra compares subjects letter by letter, and those of GitLab name the branch or the tag. So this knows the default
  # branch only. Name the tags that deliver in Azure in `deploy_tags`, and with `subjects` the branches whose merge requests
  # are planned there: 20 of them at most.
  deploy_tags = []
#% endif
}
