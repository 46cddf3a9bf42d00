kstack {
  version = "0.1.0"
}

platform "acme" {
  base_domain    = "platform.example.com"
  repository     = "https://example.com/acme/platform"
  default_branch = "main"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
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
  parallelism = 4
  on_stale    = "plan"
  verify      = "twice"
  recipients = [
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB",
    "",
  ]
}

policy {
  providers = ["hashicorp/aws", "terraform.example.com/acme/own"]
  protect   = ["aws_eks_cluster", "aws_db_*"]
}
