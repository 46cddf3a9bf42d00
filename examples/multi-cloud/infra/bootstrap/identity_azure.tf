# States lie in another cloud, so there is no resource group yet that is not a cluster's.
resource "azurerm_resource_group" "identity" {
  name     = "acme-kstack"
  location = "westeurope"
}

# Identities that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_azure" {
  source = "../../modules/azure/ci-identity"

  name           = "acme-kstack"
  location       = "westeurope"
  forge          = "gitlab"
  repository     = "acme/platform"
  default_branch = "main"

  resource_group_name = azurerm_resource_group.identity.name

  # Entra compares subjects letter by letter, and those of GitLab name the branch or the tag. So this knows the default
  # branch only. Name the tags that deliver in Azure in `deploy_tags`, and with `subjects` the branches whose merge requests
  # are planned there: 20 of them at most.
  deploy_tags = []
}
