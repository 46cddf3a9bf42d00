#% if bootstrap.aws
provider "aws" {
  region = <%= bootstrap.aws.region|hcl %>
}
#% endif
