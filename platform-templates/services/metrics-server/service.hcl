description = "use of nodes and pods, for autoscaling and `kubectl top`; GKE and AKS have it built in"
providers   = ["aws", "local"]

namespace "metrics-server" {
  pod_security = "restricted"
}

chart "metrics-server" {
  source  = "https://kubernetes-sigs.github.io/metrics-server/"
  version = "3.13.1"
}
