# Every setting of this module with its type and meaning. A key that is not here is refused; ./settings has the
# defaults and limits, and a test holds the two together.
locals {
  known_keys = {
    name               = "string"                                                       # Name of the pool, which must be free in its cluster
    machine_type       = "string"                                                       # Machine type of the nodes, such as n2d-standard-4 or, for ARM, t2a-standard-4
    min_size           = "number"                                                       # Nodes that the pool has at least
    max_size           = "number"                                                       # Nodes that the pool has at most
    sizes_per_zone     = "bool"                                                         # Count min_size, max_size and initial_size in each zone, instead of over all
    initial_size       = "number"                                                       # Nodes that the pool starts with, later the autoscaler's; min_size by default
    location_policy    = "BALANCED | ANY"                                               # Spread new nodes over zones, or take them where there are some; ANY for spot by default
    spot               = "bool"                                                         # Spot nodes: cheap, and gone within seconds when Google wants them
    zones              = "list(string)"                                                 # Zones of the nodes; those of the cluster by default
    kubernetes_version = "string"                                                       # Version of the nodes; with auto_upgrade leave it to Google
    image_type         = "COS_CONTAINERD | UBUNTU_CONTAINERD | WINDOWS_LTSC_CONTAINERD" # Image of the nodes; the architecture follows the machine type
    image_streaming    = "bool"                                                         # Start containers before their images are loaded, from Artifact Registry
    auto_repair        = "bool"                                                         # Replace nodes that are not healthy
    auto_upgrade       = "bool"                                                         # Let Google upgrade the nodes after the control plane

    # The boot disk of a node
    disk = {
      size_gib = "number" # Size
      type     = "string" # pd-balanced, pd-ssd, pd-standard or hyperdisk-balanced; what the machine type takes, by default
      kms_key  = "string" # Id of the key that encrypts it; Google's own by default
    }

    # Local SSDs of a node
    local_ssd = {
      ephemeral_count = "number" # How many are storage of pods that goes with them
      block_count     = "number" # How many are handed to pods as raw NVMe devices
    }

    labels = "map(string)" # Kubernetes labels of the nodes

    # Taints of the nodes, by any name
    taints = {
      "*" = {
        key    = "string"                                        # Key
        value  = "string"                                        # Value; empty by default
        effect = "NO_SCHEDULE | NO_EXECUTE | PREFER_NO_SCHEDULE" # What it does to pods that do not tolerate it
      }
    }

    # How nodes are replaced by an upgrade
    upgrade = {
      strategy        = "SURGE | BLUE_GREEN" # One after the other, or by a second set of nodes
      max_surge       = "number"             # Nodes to add meanwhile, with SURGE
      max_unavailable = "number"             # Nodes that may be missing meanwhile, with SURGE

      # The steps of BLUE_GREEN
      blue_green = {
        batch_percentage = "number" # Part of the blue nodes to drain at once, 0 to 1
        batch_node_count = "number" # Or how many
        batch_soak       = "string" # Time after each batch, in seconds: 60s
        pool_soak        = "string" # Time before the blue nodes go, in seconds: 3600s
      }
    }

    # GPUs or TPUs of a node
    accelerator = {
      type           = "string"                                   # Such as nvidia-l4
      count          = "number"                                   # How many
      partition_size = "string"                                   # Size of the parts that one is cut into, such as 1g.5gb
      driver         = "DEFAULT | LATEST | INSTALLATION_DISABLED" # Which driver GKE installs

      # Several pods on one GPU
      sharing = {
        strategy    = "TIME_SHARING | MPS" # How
        max_clients = "number"             # How many
      }
    }

    # Settings of the kubelet
    kubelet = {
      cpu_manager_policy              = "none | static" # Give whole CPUs to guaranteed pods
      cpu_cfs_quota                   = "bool"          # Enforce CPU limits
      cpu_cfs_quota_period            = "string"        # Over which time, such as 100ms
      pod_pids_limit                  = "number"        # Processes that a pod may have
      container_log_max_size          = "string"        # Size of a log before it is rotated, such as 10Mi
      container_log_max_files         = "number"        # Logs that are kept of a container
      image_gc_low_threshold_percent  = "number"        # Disk use that removing images ends at
      image_gc_high_threshold_percent = "number"        # Disk use that removing images starts at
      allowed_unsafe_sysctls          = "list(string)"  # Sysctls that pods may set, such as net.core.*
    }

    # Settings of the kernel
    linux = {
      sysctls      = "map(string)"                     # Such as net.core.somaxconn
      cgroup_mode  = "CGROUP_MODE_V1 | CGROUP_MODE_V2" # Which control groups; the image's by default
      hugepages_2m = "number"                          # Huge pages of 2 MiB
      hugepages_1g = "number"                          # Huge pages of 1 GiB
    }

    # How the kernel and firmware are kept safe
    security = {
      secure_boot          = "bool"                        # Boot signed code only
      integrity_monitoring = "bool"                        # Compare each boot with the first
      confidential         = "bool"                        # Encrypt memory
      confidential_type    = "SEV | SEV_SNP | TDX"         # With which technology
      metadata_mode        = "GKE_METADATA | GCE_METADATA" # What pods see as metadata server; GKE_METADATA is workload identity
    }

    # The pool's part of the network
    network = {
      pods_range        = "string"       # Name of a range for its pods: one of network.pod_ranges of the cluster, or of the existing subnetwork
      max_pods_per_node = "number"       # Pods that a node may run; the cluster's by default
      tags              = "list(string)" # Network tags of the nodes, which firewall rules and routes name
      gvnic             = "bool"         # The faster virtual network interface
      tier_1            = "bool"         # The higher bandwidth of Tier_1, for machine types that have it
    }

    # Reserved machines
    reservation = {
      type  = "ANY_RESERVATION | SPECIFIC_RESERVATION | NO_RESERVATION" # Which to use
      names = "list(string)"                                            # Names of them, with SPECIFIC_RESERVATION
    }

    service_account   = "string"       # E-mail of the nodes' service account; the cluster's by default
    oauth_scopes      = "list(string)" # Scopes of its tokens; cloud-platform leaves it to the roles
    metadata          = "map(string)"  # Metadata of the instances
    compact_placement = "bool"         # Place nodes near each other in one zone
    resource_labels   = "map(string)"  # Labels of instances and disks

    # Arguments of google_container_node_pool that have no setting of their own
    extra = {
      enable_confidential_storage  = "bool"                     # Hyperdisks in confidential mode
      enable_nested_virtualization = "bool"                     # Virtual machines on nodes
      fast_socket                  = "bool"                     # Faster NCCL, for GPUs with gvnic
      logging_variant              = "DEFAULT | MAX_THROUGHPUT" # How much the agent of a node may take
      max_run_duration             = "string"                   # Time that a node lives at most, such as 86400s
      min_cpu_platform             = "string"                   # Such as Intel Ice Lake
      node_group                   = "string"                   # Sole-tenant node group
      resource_manager_tags        = "map(string)"              # Tags for firewall policies
      storage_pools                = "list(string)"             # Hyperdisk storage pools of the boot disks
      threads_per_core             = "number"                   # 1 switches simultaneous multithreading off
    }
  }
}
