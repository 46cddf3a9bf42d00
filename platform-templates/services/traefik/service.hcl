description = "Ingresses and routes by Traefik: another way in for HTTP"
requires    = ["scheduling"]

namespace "traefik" {
  pod_security = "baseline"
}

chart "traefik" {
  source  = "oci://ghcr.io/traefik/helm/traefik"
  version = "42.4.3"
}
