provider "aws" {
  region = <%= cluster.region|hcl %>
}
