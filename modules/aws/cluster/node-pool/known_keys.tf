# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together.
locals {
  known_keys = {
    name                = "string"
    instance_types      = "list(string)"
    min_size            = "number"
    max_size            = "number"
    desired_size        = "number"
    spot                = "bool"
    availability_zones  = "list(string)"
    subnet_ids          = "list(string)"
    kubernetes_version  = "string"
    ami_type            = "string"
    ami_release_version = "string"

    disk = {
      size_gib    = "number"
      type        = "gp3 | gp2 | io1 | io2"
      iops        = "number"
      throughput  = "number"
      kms_key_arn = "string"
    }

    labels = "map(string)"

    taints = {
      "*" = {
        key    = "string"
        value  = "string"
        effect = "NO_SCHEDULE | NO_EXECUTE | PREFER_NO_SCHEDULE"
      }
    }

    metadata_options = {
      http_tokens   = "required | optional"
      hop_limit     = "number"
      instance_tags = "bool"
    }

    update = {
      max_unavailable            = "number"
      max_unavailable_percentage = "number"
    }

    kubelet = {
      max_pods               = "number"
      pod_pids_limit         = "number"
      cpu_manager_policy     = "none | static"
      kube_reserved          = "map(string)"
      system_reserved        = "map(string)"
      eviction_hard          = "map(string)"
      container_log_max_size = "string"
      allowed_unsafe_sysctls = "list(string)"
    }

    tags = "map(string)"

    extra = {
      force_update_version = "bool"
      node_repair          = "bool"
    }
  }
}
