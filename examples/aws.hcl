# One cluster at AWS, reviewed on GitHub. What is not said here has a default.

platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://github.com/acme/platform"
}

state "s3" {
  bucket = "acme-kstack-state"
  region = "eu-west-1"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"
}
