# One environment only.

platform "single" {
  base_domain = "single.example.com"
  repository  = "http://127.0.0.1:8080/single.git"
}

environment "live" {}

cluster "one" {
  provider = "local"
}
