# Clusters in three clouds, reviewed on GitLab. Three environments, in the order of promotion; state lies in one
# bucket for each half of the company.

platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://gitlab.com/acme/platform"
}

environment "dev" {
  trigger = "branch:main"
}

environment "staging" {
  trigger = "tag:staging-*"
}

environment "apps" {
  trigger   = "tag:release-*"
  protected = true

  state "s3" {
    bucket = "acme-kstack-state-apps"
    region = "eu-west-1"
  }
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

forge "gitlab" {}

cluster "gc0" {
  provider           = "aws"
  region             = "eu-west-1"
  zones              = ["a", "b"]
  kubernetes_version = "1.36"

  node_pool {
    instance_type = "m7g.xlarge"
    min           = 3
    max           = 12
  }

  environment "dev" {
    node_pool {
      instance_type = "m7g.large"
      min           = 1
      max           = 3
    }
  }
}

cluster "gc0" {
  provider = "google"
  region   = "europe-west1"
  zones    = ["b", "c", "d"]
  project  = "acme-platform"
}

cluster "gc0" {
  provider     = "azure"
  region       = "westeurope"
  subscription = "00000000-0000-0000-0000-000000000000"

  network {
    cidr = "10.64.0.0/16"
  }
}
