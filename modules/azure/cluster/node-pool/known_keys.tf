# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together. The comments are the text of the README's table.
locals {
  known_keys = {
    name               = "string"                                                      # Name of the pool, 1 to 12 lower-case letters and digits
    vm_size            = "string"                                                      # Size of the nodes, which also decides on ARM and GPU, such as Standard_D4ps_v5
    min_size           = "number"                                                      # Fewest nodes
    max_size           = "number"                                                      # Most nodes
    desired_size       = "number"                                                      # Nodes where the cluster autoscaler does not decide; default: min_size
    autoscaling        = "bool"                                                        # Let the cluster autoscaler change the size
    spot               = "bool"                                                        # Spot nodes, with the label and the taint that AKS gives to them
    spot_max_price     = "number"                                                      # Most to pay for an hour in US dollars; -1: up to the regular price
    eviction_policy    = "Delete | Deallocate"                                         # What becomes of spot nodes that Azure takes back
    availability_zones = "list(string)"                                                # Default: the cluster's
    subnet_id          = "string"                                                      # A subnet of the same network that is there already; default: the cluster's
    subnet_cidr        = "string"                                                      # An own subnet in the cluster's own network
    kubernetes_version = "string"                                                      # Default: the cluster's
    os_sku             = "AzureLinux | AzureLinux3 | Ubuntu | Ubuntu2204 | Ubuntu2404" # System of the nodes
    max_pods           = "number"                                                      # Pods of a node, 10 to 250; default: chosen by AKS
    mode               = "User | System"                                               # System: for what AKS itself runs too
    scale_down_mode    = "Delete | Deallocate"                                         # What becomes of nodes that are not needed
    host_encryption    = "bool"                                                        # Encrypt on the host too; the subscription must have the feature
    fips               = "bool"                                                        # System with validated cryptography
    ultra_ssd          = "bool"                                                        # Nodes can have Ultra Disks

    # Disk of the nodes
    disk = {
      size_gib = "number"              # Default: chosen by AKS for the size
      type     = "Managed | Ephemeral" # Ephemeral is faster and needs a size with enough local disk
      kubelet  = "OS | Temporary"      # Where images and empty volumes are
    }

    labels = "map(string)" # Labels of the nodes

    # Taints of the nodes
    taints = {
      # By any name
      "*" = {
        key    = "string"                                        # Key of the taint
        value  = "string"                                        # Its value
        effect = "NO_SCHEDULE | NO_EXECUTE | PREFER_NO_SCHEDULE" # What it does
      }
    }

    # How nodes are replaced
    update = {
      max_surge             = "string"            # Nodes more than usual, a number or a share
      max_unavailable       = "string"            # Nodes fewer than usual, a number or a share, instead
      drain_timeout_minutes = "number"            # How long a node may take to be drained
      node_soak_minutes     = "number"            # Pause after each node, 0 to 30
      undrainable_nodes     = "Schedule | Cordon" # Cordon: set a node that cannot be drained aside and go on
    }

    # GPUs
    gpu = {
      driver   = "Install | None"                        # Who brings the driver
      instance = "MIG1g | MIG2g | MIG3g | MIG4g | MIG7g" # Part of a GPU that a container gets
    }

    # Kubelet
    kubelet = {
      allowed_unsafe_sysctls    = "list(string)"                                       # Kernel settings that pods may ask for, such as net.core.somaxconn
      container_log_max_files   = "number"                                             # Log files of a container, at least 2
      container_log_max_size_mb = "number"                                             # Size of a log file
      cpu_cfs_quota_enabled     = "bool"                                               # Enforce limits of CPU
      cpu_cfs_quota_period      = "string"                                             # Period of that, such as 100ms
      cpu_manager_policy        = "none | static"                                      # static: whole CPUs for pods that ask for them
      image_gc_high_threshold   = "number"                                             # Disk use in percent from which images leave
      image_gc_low_threshold    = "number"                                             # Disk use in percent down to which images leave
      pod_max_pid               = "number"                                             # Processes of a pod
      topology_manager_policy   = "none | best-effort | restricted | single-numa-node" # Memory near to the CPU
    }

    # Kernel
    linux = {
      swap_file_size_mb            = "number"                                           # Swap file
      transparent_huge_page        = "always | madvise | never"                         # Huge pages without being asked
      transparent_huge_page_defrag = "always | defer | defer+madvise | madvise | never" # How hard to look for them

      # Kernel settings, by their name with _ for .
      sysctl = {
        fs_aio_max_nr                      = "number" # Asynchronous I/O requests of the node, 65,536 to 6,553,500
        fs_file_max                        = "number" # Open files of the node, 8,192 to 12,000,500
        fs_inotify_max_user_watches        = "number" # Files that one user may watch, 781,250 to 2,097,152
        fs_nr_open                         = "number" # Open files of one process, 8,192 to 20,000,500
        kernel_threads_max                 = "number" # Threads of the node, 20 to 513,785
        net_core_netdev_max_backlog        = "number" # Packets that wait for the kernel, 1,000 to 3,240,000
        net_core_optmem_max                = "number" # Bytes beside the buffer of a socket, 20,480 to 4,194,304
        net_core_rmem_default              = "number" # Receive buffer of a socket, bytes, 212,992 to 134,217,728
        net_core_rmem_max                  = "number" # Largest receive buffer, bytes, 212,992 to 134,217,728
        net_core_somaxconn                 = "number" # Connections that wait to be accepted, 4,096 to 3,240,000
        net_core_wmem_default              = "number" # Send buffer of a socket, bytes, 212,992 to 134,217,728
        net_core_wmem_max                  = "number" # Largest send buffer, bytes, 212,992 to 134,217,728
        net_ipv4_ip_local_port_range_max   = "number" # Last port of outgoing connections, 32,768 to 65,535
        net_ipv4_ip_local_port_range_min   = "number" # First port of outgoing connections, 1,024 to 60,999
        net_ipv4_neigh_default_gc_thresh1  = "number" # Neighbours that are always kept, 128 to 80,000
        net_ipv4_neigh_default_gc_thresh2  = "number" # Neighbours from which old ones leave, 512 to 90,000
        net_ipv4_neigh_default_gc_thresh3  = "number" # Most neighbours, 1,024 to 100,000
        net_ipv4_tcp_fin_timeout           = "number" # Seconds that a closed connection waits, 5 to 120
        net_ipv4_tcp_keepalive_intvl       = "number" # Seconds between keep-alive probes, 10 to 90
        net_ipv4_tcp_keepalive_probes      = "number" # Probes until a connection is dead, 1 to 15
        net_ipv4_tcp_keepalive_time        = "number" # Idle seconds before the first probe, 30 to 432,000
        net_ipv4_tcp_max_syn_backlog       = "number" # Connections that are being opened, 128 to 3,240,000
        net_ipv4_tcp_max_tw_buckets        = "number" # Closed connections that wait, 8,000 to 1,440,000
        net_ipv4_tcp_tw_reuse              = "bool"   # Use ports of closed connections again
        net_netfilter_nf_conntrack_buckets = "number" # Size of the connection table, 65,536 to 524,288
        net_netfilter_nf_conntrack_max     = "number" # Connections that are tracked, 131,072 to 2,097,152
        vm_max_map_count                   = "number" # Memory areas of one process, as Elasticsearch wants, 65,530 to 262,144
        vm_swappiness                      = "number" # How readily memory is swapped, 0 to 100
        vm_vfs_cache_pressure              = "number" # How readily file caches are given up, 0 to 100
      }
    }

    tags = "map(string)" # Tags of the pool and its nodes

    # Arguments of the pool that are passed on as they are
    extra = {
      capacity_reservation_group_id = "string"                         # Reserved capacity
      host_group_id                 = "string"                         # Dedicated hosts
      proximity_placement_group_id  = "string"                         # Nodes close to each other
      snapshot_id                   = "string"                         # Snapshot of a pool to make this one from
      workload_runtime              = "OCIContainer | KataVmIsolation" # KataVmIsolation: each pod in a machine of its own
    }
  }
}
