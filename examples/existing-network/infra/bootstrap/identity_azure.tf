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
  forge          = "github"
  repository     = "acme/platform"
  default_branch = "main"

  resource_group_name = azurerm_resource_group.identity.name

  # Entra knows no patterns, so an environment of the repository stands for branch and tags: its deployment rules must
  # admit the default branch and the tags that deliver, and nothing else.
  apply_environment = "kstack-apply"

  # Tokens of repositories that were made since the middle of 2026 hold ids, and Entra compares them letter by letter:
  # `gh api repos/OWNER/NAME --jq .owner.id,.id` prints them.
  # immutable_ids = { owner = "1", repository = "2" }
}
