description = "metrics, alerts and dashboards: Prometheus, Alertmanager, Grafana"
requires    = ["scheduling"]
suggests    = ["drift-rules", "loki"]
timeout     = "15m"

# Node exporters look at nodes from the inside.
namespace "monitoring" {
  pod_security = "privileged"
}

chart "kube-prometheus-stack" {
  source  = "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"
  version = "91.5.0"
}
