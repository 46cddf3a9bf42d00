provider "google" {
  project = <%= cluster.project|hcl %>
  region  = <%= cluster.region|hcl %>
}
