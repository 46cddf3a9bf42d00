# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together. The comments become the tables of the README.
locals {
  known_keys = {
    name                = "string"       # Name of the pool, 1 to 36 characters
    instance_types      = "list(string)" # Types of one architecture, such as m7g.large; the image follows from them
    min_size            = "number"       # Fewest nodes, 0 or more
    max_size            = "number"       # Most nodes
    desired_size        = "number"       # Nodes at creation; later the number is the autoscaler's; min_size without it
    spot                = "bool"         # Spot instances: cheaper, may be taken back at any time
    availability_zones  = "list(string)" # Zones of the nodes; those of the cluster without them
    subnet_ids          = "list(string)" # Existing subnets instead of zones
    subnet_cidrs        = "list(string)" # Own subnets, one per zone in their order, in the CIDRs of the cluster's network
    security_group_ids  = "list(string)" # Security groups of the nodes, beside that of the cluster
    kubernetes_version  = "string"       # Version of the nodes, not newer than the cluster's, which it is without one
    ami_type            = "string"       # Kind of image, such as BOTTLEROCKET_ARM_64; without one Amazon Linux 2023 for the architecture, with drivers where the types need them
    ami_release_version = "string"       # Version of the image; without one the newest at creation
    ami_id              = "string"       # Own image made from Amazon Linux 2023 for EKS, instead of those of AWS
    setup_script        = "string"       # Script that a node runs before it joins, on Amazon Linux 2023

    # Disk of each node, always encrypted
    disk = {
      size_gib       = "number"                 # Size in GiB
      type           = "gp3 | gp2 | io1 | io2"  # Type of EBS volume
      iops           = "number"                 # Operations per second, where the type has that
      throughput     = "number"                 # Throughput in MiB/s, gp3 only
      kms_key_arn    = "string"                 # KMS key of the disk; the account's EBS key without one
      instance_store = "RAID0 | RAID10 | Mount" # Use of local NVMe disks: one array for pods and images, or each mounted; unused without this
    }

    labels = "map(string)" # Kubernetes labels of the nodes

    # Taints of the nodes, by a name of your choice
    taints = {
      "*" = {
        key    = "string"                                        # Key of the taint
        value  = "string"                                        # Value of the taint
        effect = "NO_SCHEDULE | NO_EXECUTE | PREFER_NO_SCHEDULE" # What happens to pods that do not tolerate it
      }
    }

    # The metadata service of the instances
    metadata_options = {
      http_tokens   = "required | optional" # required: IMDSv2 only
      hop_limit     = "number"              # 1: nodes only; 2 lets pods in
      instance_tags = "bool"                # Show the tags of the instance there
    }

    # How many nodes may be away during an update
    update = {
      max_unavailable            = "number" # Nodes, as a number
      max_unavailable_percentage = "number" # Nodes, as a percentage; 33 without either
    }

    # Settings of the kubelet, for Amazon Linux 2023 only
    kubelet = {
      max_pods               = "number"        # Most pods of a node
      pod_pids_limit         = "number"        # Most processes of a pod
      cpu_manager_policy     = "none | static" # static gives whole cores to guaranteed pods
      kube_reserved          = "map(string)"   # Resources kept for the kubelet, such as { cpu = "100m" }
      system_reserved        = "map(string)"   # Resources kept for the system
      eviction_hard          = "map(string)"   # Thresholds of eviction, such as { "memory.available" = "200Mi" }
      container_log_max_size = "string"        # Size at which the log of a container is rotated, such as 50Mi
      allowed_unsafe_sysctls = "list(string)"  # Sysctls that pods may set, such as net.core.somaxconn
      other                  = "string"        # Further fields of KubeletConfiguration as JSON: jsonencode({ … })
    }

    deletion_protection = "bool"        # Destroying the pool fails until this has been applied as false
    tags                = "map(string)" # Tags of the pool, its instances and disks

    # Arguments of aws_eks_node_group and aws_launch_template that have no setting of their own
    extra = {
      capacity_reservation_id = "string" # Capacity that is reserved for the nodes
      detailed_monitoring     = "bool"   # Metrics of the instances every minute
      placement_group         = "string" # Name of the placement group of the nodes
      user_data               = "string" # Whole user data in the format of the image, such as TOML for Bottlerocket
      force_update_version    = "bool"   # Update although pods cannot be drained because of disruption budgets
      node_repair             = "bool"   # Let EKS replace nodes that it finds unhealthy
    }
  }
}
