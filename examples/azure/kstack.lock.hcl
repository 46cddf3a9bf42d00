# What this platform is pinned to. A digest of null is not known yet: it is recorded when the thing
# is fetched for the first time, and what is fetched later must have the same one.

tool "kstack" {
  version = "0.1.0"
  digest  = null # of the program that the pipeline downloads, as `sha256:` and 64 hexadecimal digits
}

tool "terraform" {
  version = "1.11.4" # what the pipeline installs; the stacks say which versions they admit
  source  = "https://releases.hashicorp.com/terraform/1.11.4/"
  digest  = "sha256:1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc" # of terraform_1.11.4_linux_amd64.zip
}

engine "flux" {
  version = "2.7.3"
  source  = "https://github.com/fluxcd/flux2/releases/download/v2.7.3/install.yaml"
  digest  = null
}

# The exact version and its hashes are in .terraform.lock.hcl of each stack.
provider "hashicorp/azurerm" {
  version = ">= 5.0.0, < 6.0.0"
}

# The exact version and its hashes are in .terraform.lock.hcl of each stack.
provider "hashicorp/time" {
  version = ">= 0.9.0, < 1.0.0"
}

chart "cert-manager" {
  version = "v1.21.2"
  source  = "oci://quay.io/jetstack/charts/cert-manager"
  digest  = null
}

image "podinfo" {
  version = "6.9.1"
  source  = "ghcr.io/stefanprodan/podinfo"
  digest  = "sha256:262578cde928d5c9eba3bce079976444f624c13ed0afb741d90d5423877496cb"
}
