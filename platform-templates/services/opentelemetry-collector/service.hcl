description = "logs of all pods, to Loki"
requires    = ["loki"]

# It reads the logs of nodes.
namespace "opentelemetry" {
  pod_security = "privileged"
}

chart "opentelemetry-collector" {
  source  = "https://open-telemetry.github.io/opentelemetry-helm-charts"
  version = "0.182.0"
  digest  = "sha256:5508c3c3d8873588a8a3f73848924c5bb597a6989cead0403ad81e62572e8d06"
}
