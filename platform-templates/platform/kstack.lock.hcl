# What this platform is pinned to. A digest of null is not known yet: it is recorded when the thing
# is fetched for the first time, and what is fetched later must have the same one.

tool "kstack" {
  version = <%= platform.kstack_version|hcl %>
  digest  = null # of the program that the pipeline downloads, as `sha256:` and 64 hexadecimal digits
}

tool "terraform" {
  version = "1.11.4" # what the pipeline installs; the stacks say which versions they admit
  source  = "https://releases.hashicorp.com/terraform/1.11.4/"
  digest  = "sha256:1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc" # of terraform_1.11.4_linux_amd64.zip
}

engine <%= platform.engine.kind|hcl %> {
  version = <%= platform.engine.version|hcl %>
#% if platform.engine.kind == "argocd"
  source  = "https://raw.githubusercontent.com/argoproj/argo-cd/v<%= platform.engine.version %>/manifests/<% if platform.engine.mode == "core" %>core-<% endif %>install.yaml"
  digest  = <%= platform.engine.digest|hcl %> # of argocd/install.yaml in every registry
#% else
  source  = "https://github.com/fluxcd/flux2/releases/download/v<%= platform.engine.version %>/install.yaml"
  digest  = null
#% endif
}
#% for provider in platform.locked

# The exact version and its hashes are in .terraform.lock.hcl of each stack.
provider <%= provider.source|hcl %> {
  version = <%= provider.version|hcl %>
}
#% endfor
#% for service in platform.services
#% for chart in service.charts

chart <%= chart.name|hcl %> {
  version = <%= chart.version|hcl %>
  source  = <%= chart.source|hcl %>
#% if chart.digest
  digest  = <%= chart.digest|hcl %>
#% else
  digest  = null
#% endif
}
#% endfor
#% endfor

image "podinfo" {
  version = "6.9.1"
  source  = "ghcr.io/stefanprodan/podinfo"
  digest  = "sha256:262578cde928d5c9eba3bce079976444f624c13ed0afb741d90d5423877496cb"
}
