# Identities that jobs of the pipeline take with a token of the forge; nobody holds a key. Pull requests can only read.
module "identity_azure" {
  source = "../../modules/azure/ci-identity"

<%= [["name", platform.name ~ "-kstack"], ["location", bootstrap.azure.location], ["forge", bootstrap.pipeline.forge], ["issuer", bootstrap.pipeline.issuer], ["repository", bootstrap.pipeline.repository], ["default_branch", platform.default_branch]]|attributes(2) %>
#% if bootstrap.pipeline.environment

  # Entra knows no patterns, so an environment of the repository stands for branch and tags: its deployment rules must
  # admit the default branch and the tags that deliver, and nothing else.
  apply_environment = <%= bootstrap.pipeline.environment|hcl %>

  # Tokens of repositories that were made since the middle of 2026 hold ids, and Entra compares them letter by letter:
  # `gh api repos/OWNER/NAME --jq .owner.id,.id` prints them.
  # immutable_ids = { owner = "1", repository = "2" }
#% elif bootstrap.pipeline.deploy_tags

  # Entra knows no patterns: name each tag that delivers here, or give `subjects`.
  deploy_tags = []
#% endif

  # Not by their names: what is made in the group must wait for it.
  resource_group_name = module.state.backend.resource_group_name
  state               = module.state.id
}
