description = "one namespace per team: pod security, quota, limits, network policies"
standard    = "everywhere"
