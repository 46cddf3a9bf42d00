description = "alerts and a dashboard for drift: what differs from the repository, and for how long"
requires    = ["kube-prometheus-stack"]
