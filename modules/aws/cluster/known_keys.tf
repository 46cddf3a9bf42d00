# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together.
locals {
  known_keys = {
    name_prefix        = "string"
    base_domain        = "string"
    region             = "string"
    availability_zones = "list(string)"
    kubernetes_version = "string"
    support_type       = "STANDARD | EXTENDED"

    network = {
      cidr         = "string"
      nat          = "per_zone | one | none"
      avoid_cidrs  = "list(string)"
      service_cidr = "string"

      subnets = {
        nodes         = "list(string)"
        control_plane = "list(string)"
        public        = "list(string)"
      }

      existing = {
        vpc_id                   = "string"
        node_subnet_ids          = "list(string)"
        control_plane_subnet_ids = "list(string)"
      }
    }

    endpoint = {
      public       = "bool"
      private      = "bool"
      public_cidrs = "list(string)"
    }

    control_plane_logs = {
      types          = "list(string)"
      retention_days = "number"
    }

    secrets_encryption = {
      key_arn = "string"
    }

    access = {
      "*" = {
        principal_arn = "string"
        policy        = "cluster-admin | admin | edit | view | none"
        namespaces    = "list(string)"
        groups        = "list(string)"
      }
    }

    creator_is_admin = "bool"

    addons = {
      "*" = {
        enabled              = "bool"
        version              = "string"
        configuration_values = "string"
      }
    }

    identity = {
      oidc_provider      = "bool"
      cluster_autoscaler = "bool"
      dns                = "bool"
    }

    dns = {
      zone          = "bool"
      zone_id       = "string"
      force_destroy = "bool"
    }

    deletion_protection = "bool"
    tags                = "map(string)"

    extra = {
      force_update_version = "bool"
      zonal_shift          = "bool"
    }
  }
}
