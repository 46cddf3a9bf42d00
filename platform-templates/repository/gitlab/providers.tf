# The token comes from GITLAB_TOKEN: one of a maintainer of the project, with the scope `api`.
provider "gitlab" {
#% if bootstrap.pipeline.url
  base_url = "<%= bootstrap.pipeline.url %>/api/v4/"
#% endif
}
