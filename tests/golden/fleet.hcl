# Everything that differs from the common case: three environments without `apps`, clusters of several regions and of
# this machine, another branch, an ssh address, Argo Workflows.

platform "fleet" {
  base_domain    = "fleet.example.com"
  repository     = "ssh://git@git.example.com:2222/fleet.git"
  default_branch = "trunk"

  argo_workflows = true
}

environment "dev" {}
environment "staging" {}
environment "prod" {}

state "s3" {
  bucket = "fleet-state"
  region = "eu-central-1"
}

forge "github" {}

cluster "blue" {
  provider = "aws"
  region   = "eu-central-1"
}

cluster "green" {
  provider = "aws"
  region   = "us-east-1"
  zones    = ["a", "b"]
}

cluster "lab" {
  provider = "local"
}
