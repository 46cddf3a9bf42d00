# One cluster at Google Cloud, reviewed on GitHub.

platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://github.com/acme/platform"
}

state "gcs" {
  bucket = "acme-kstack-state"
}

cluster "gc0" {
  provider = "google"
  region   = "europe-west1"
  project  = "acme-platform"
}
