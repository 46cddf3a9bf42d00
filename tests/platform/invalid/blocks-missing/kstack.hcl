kstack {
  version = "0.1.0"
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

forge "gitlab" {
  url = "https://git.example.com"
}

pipeline {
  plan_store  = "s3://acme-kstack-plans/kstack"
  parallelism = 4
  on_stale    = "refuse"
}

policy {
  providers = ["hashicorp/aws", "terraform.example.com/acme/own"]
  protect   = ["aws_eks_cluster", "aws_db_*"]
}
