# The token comes from GITHUB_TOKEN. It must administer the repository: a fine-grained token with `Administration` and
# `Webhooks` set to read and write, and `Metadata` to read.
provider "github" {
  owner = <%= bootstrap.pipeline.owner|hcl %>
#% if bootstrap.pipeline.url
  base_url = "<%= bootstrap.pipeline.url %>/"
#% endif
}
