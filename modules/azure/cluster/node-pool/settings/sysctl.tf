# The ranges that AKS takes, and so does the provider, which would tell of one mistake at a time.
locals {
  sysctl_limits = {
    fs_aio_max_nr                      = [65536, 6553500]
    fs_file_max                        = [8192, 12000500]
    fs_inotify_max_user_watches        = [781250, 2097152]
    fs_nr_open                         = [8192, 20000500]
    kernel_threads_max                 = [20, 513785]
    net_core_netdev_max_backlog        = [1000, 3240000]
    net_core_optmem_max                = [20480, 4194304]
    net_core_rmem_default              = [212992, 134217728]
    net_core_rmem_max                  = [212992, 134217728]
    net_core_somaxconn                 = [4096, 3240000]
    net_core_wmem_default              = [212992, 134217728]
    net_core_wmem_max                  = [212992, 134217728]
    net_ipv4_ip_local_port_range_max   = [32768, 65535]
    net_ipv4_ip_local_port_range_min   = [1024, 60999]
    net_ipv4_neigh_default_gc_thresh1  = [128, 80000]
    net_ipv4_neigh_default_gc_thresh2  = [512, 90000]
    net_ipv4_neigh_default_gc_thresh3  = [1024, 100000]
    net_ipv4_tcp_fin_timeout           = [5, 120]
    net_ipv4_tcp_keepalive_intvl       = [10, 90]
    net_ipv4_tcp_keepalive_probes      = [1, 15]
    net_ipv4_tcp_keepalive_time        = [30, 432000]
    net_ipv4_tcp_max_syn_backlog       = [128, 3240000]
    net_ipv4_tcp_max_tw_buckets        = [8000, 1440000]
    net_netfilter_nf_conntrack_buckets = [65536, 524288]
    net_netfilter_nf_conntrack_max     = [131072, 2097152]
    vm_max_map_count                   = [65530, 262144]
    vm_swappiness                      = [0, 100]
    vm_vfs_cache_pressure              = [0, 100]
  }

  sysctl_out_of_range = [
    for key, limit in local.sysctl_limits : "${key} must be ${limit[0]} to ${limit[1]}, not ${var.configuration.linux.sysctl[key]}"
    if try(var.configuration.linux.sysctl[key] < limit[0] || var.configuration.linux.sysctl[key] > limit[1], false)
  ]
}
