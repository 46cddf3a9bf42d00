description = "logs, kept and searched"
requires    = ["scheduling"]
suggests    = ["opentelemetry-collector"]
timeout     = "10m"

namespace "loki" {
  pod_security = "baseline"
}

chart "loki" {
  source  = "https://grafana.github.io/helm-charts"
  version = "6.29.0"
}
