module "state" {
  source = "../../modules/google/state"

  project  = "acme-platform"
  bucket   = "acme-kstack-state"
  location = "europe-west1"
}
