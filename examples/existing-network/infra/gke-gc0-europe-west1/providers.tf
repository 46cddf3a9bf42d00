provider "google" {
  project = "acme-platform"
  region  = "europe-west1"
}
