# The platform: what kstack, the pipeline and the engines in the clusters go by.
# Commands that change this file edit it in place and keep its comments and layout.

kstack {
  version = "0.1.0" # the version that wrote the repository
}

platform "fleet" {
  base_domain    = "fleet.example.com"
  repository     = "ssh://git@git.example.com:2222/fleet.git" # what the engines pull
  default_branch = "trunk"
}

# The order in this file is the order of promotion.
environment "dev" {
  trigger = "branch:trunk"
}

environment "staging" {
  trigger = "tag:staging-deploy-*"
}

environment "prod" {
  trigger   = "tag:prod-deploy-*"
  protected = true
}

state "s3" {
  bucket = "fleet-state"
  region = "eu-central-1"
}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

forge "github" {}

pipeline {
  parallelism = "auto"
  on_stale    = "refuse" # a plan that no longer fits is never applied
}

policy {
  # Nothing else is downloaded or started.
  providers = ["hashicorp/aws"]

  # To destroy or replace one of these takes a word in the pull request.
  protect = [
    "aws_eks_cluster",
    "aws_kms_key",
    "aws_route53_zone",
    "aws_vpc",
  ]
}
