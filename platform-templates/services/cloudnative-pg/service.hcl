description = "PostgreSQL: clusters, failover, backups, as objects"
requires    = ["scheduling"]

namespace "cnpg-system" {
  pod_security = "restricted"
}

chart "cloudnative-pg" {
  source  = "https://cloudnative-pg.io/charts/"
  version = "0.29.0"
  digest  = "sha256:668e065ff53508d58238788fd35b355a925060843629a951df0e6a9362e6d32f"
}
