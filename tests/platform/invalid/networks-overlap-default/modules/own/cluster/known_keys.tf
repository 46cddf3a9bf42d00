locals {
  known_keys = {
    name_prefix        = "string"
    base_domain        = "string"
    region             = "string"
    availability_zones = "list(string)"
    kubernetes_version = "string"

    network = {
      cidr        = "string"
      avoid_cidrs = "list(string)"
    }
  }
}
