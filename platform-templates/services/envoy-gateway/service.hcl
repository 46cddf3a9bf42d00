description = "Gateway API by Envoy: the way in for HTTP"
requires    = ["scheduling"]
suggests    = ["gateway"]

namespace "envoy-gateway-system" {
  pod_security = "baseline"
}

chart "gateway-helm" {
  source  = "oci://docker.io/envoyproxy/gateway-helm"
  version = "v1.9.1"
}
