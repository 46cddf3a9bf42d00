description = "a store of secrets in the cluster, where no cloud has one"
requires    = ["scheduling"]
suggests    = ["secret-stores"]

namespace "openbao" {
  pod_security = "baseline"
}

chart "openbao" {
  source  = "https://openbao.github.io/openbao-helm"
  version = "0.28.6"
}

needs "aws" {
  text = "to be initialised and unsealed once: `bao operator init` in the pod openbao-0"
}

needs "google" {
  text = "to be initialised and unsealed once: `bao operator init` in the pod openbao-0"
}

needs "azure" {
  text = "to be initialised and unsealed once: `bao operator init` in the pod openbao-0"
}
