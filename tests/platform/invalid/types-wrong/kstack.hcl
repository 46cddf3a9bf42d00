kstack {
  version = 0.1
}

platform "acme" {
  base_domain    = "platform.example.com"
  repository     = "https://example.com/acme/platform"
  default_branch = "main"
}

environment "ops" {
  trigger = ["branch:main"]
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = "yes"
}

state "s3" {
  bucket = true
  region = null
}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

forge "gitlab" {
  url = "https://git.example.com"
}

pipeline {
  plan_store  = "s3://acme-kstack-plans/kstack"
  parallelism = 1.5
  on_stale    = "refuse"
}

policy {
  providers = "hashicorp/aws"
  protect   = ["aws_eks_cluster", 1]
}
