# One cluster on this machine, for trying things out.

platform "local" {
  base_domain = "local.example.com"
  repository  = "https://git.example.com/acme/local"
}

cluster "gc0" {
  provider = "local"
}
