# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together. The comments are the text of the README's table.
locals {
  known_keys = {
    name_prefix        = "string"                                  # First part of the name, such as gc0
    base_domain        = "string"                                  # Domain that the platform owns
    region             = "string"                                  # Azure location, such as westeurope
    availability_zones = "list(string)"                            # Zones of nodes, gateway and addresses, such as ["1", "2", "3"]; [] where the region has none
    kubernetes_version = "string"                                  # Minor version, such as "1.33"; default: newest at creation
    sku_tier           = "Free | Standard | Premium"               # Standard and Premium have an agreed availability of the API server
    support_plan       = "KubernetesOfficial | AKSLongTermSupport" # Long-term support needs the tier Premium

    # Where everything is made
    resource_group = {
      existing = "string" # Name of a resource group that is there already; default: an own one with the name of the cluster
      nodes    = "string" # Name of the resource group that AKS makes for nodes; default: the cluster's name and -nodes
    }

    # Network: an own one, unless `existing` is set
    network = {
      cidr              = "string"                                                    # Address space of the own network, /16 to /24
      avoid_cidrs       = "list(string)"                                              # Networks that are or will be connected: overlap is refused
      pod_cidr          = "string"                                                    # Addresses of pods (overlay); each node takes a /24
      service_cidr      = "string"                                                    # Addresses of Services; fixed at creation
      dns_service_ip    = "string"                                                    # Address of the cluster's DNS; default: the tenth of service_cidr
      service_endpoints = "list(string)"                                              # Azure services that nodes reach without NAT, such as Microsoft.Storage
      outbound          = "nat_gateway | load_balancer | user_defined_routing | none" # Way out of nodes; with an existing network, nat_gateway is the one its subnet has

      # Subnets of the own network
      subnets = {
        nodes      = "string" # CIDR of the nodes' subnet; default: cut out of cidr
        api_server = "string" # CIDR of the subnet of endpoint.network_integration, at least a /28; default: cut out of cidr
      }

      # Own NAT gateway
      nat_gateway = {
        sku                  = "Standard | StandardV2" # Standard stands in one zone, StandardV2 in all
        public_ips           = "number"                # Public addresses, each with 64,512 ports, 1 to 16
        idle_timeout_minutes = "number"                # 4 to 120
      }

      # Load balancer as the way out
      load_balancer = {
        public_ips           = "number" # Public addresses, 1 to 100
        ports_per_node       = "number" # Outbound ports of each node, a multiple of 8; 0: chosen by Azure
        idle_timeout_minutes = "number" # 4 to 100
      }

      # Cilium's extras, which Azure charges for
      advanced = {
        observability = "bool" # Metrics and flows of Hubble
        security      = "bool" # Policies by DNS name and layer 7
      }

      # A network that is there already
      existing = {
        node_subnet_id       = "string" # Id of the nodes' subnet
        api_server_subnet_id = "string" # Id of a subnet delegated to AKS, for endpoint.network_integration
      }
    }

    # API server
    endpoint = {
      public              = "bool"         # Reachable from the internet; false makes a private cluster, fixed at creation
      public_cidrs        = "list(string)" # From where
      network_integration = "bool"         # The API server has an address in the nodes' network, so that they need no tunnel
      private_dns_zone_id = "string"       # Private cluster: zone of the API server's name, or System, or None
      private_public_name = "bool"         # Private cluster: its name resolves outside too, to the private address
    }

    # Who may enter
    access = {
      # By any name
      "*" = {
        principal_id = "string"                                     # Object id of a group, user or service principal in Entra
        policy       = "cluster-admin | admin | edit | view | none" # What it may do; none: only what RoleBindings give to it
        namespaces   = "list(string)"                               # Only in these; default: in all
      }
    }

    admin_group_ids  = "list(string)" # Entra groups that are cluster administrators, by object id
    creator_is_admin = "bool"         # Whoever creates the cluster may administer it; fixed at creation
    local_accounts   = "bool"         # The certificate that is administrator without Entra; better off

    # Logs of the control plane
    control_plane_logs = {
      types          = "list(string)" # Categories, such as kube-apiserver and kube-audit
      retention_days = "number"       # How long the own workspace keeps them, 30 to 730
      workspace_id   = "string"       # A Log Analytics workspace that is there already; default: an own one
      containers     = "bool"         # Logs and inventory of containers too (Container Insights)
    }

    # Encryption of Kubernetes secrets
    secrets_encryption = {
      enabled        = "bool"             # With a key of a key vault; false leaves it to the platform's own keys
      key_id         = "string"           # Versioned id (URL) of a key that is there already; default: own key in an own vault
      vault_id       = "string"           # Vault of that key
      network_access = "Public | Private" # Private: AKS reaches the given vault through a private link
    }

    # Encryption of nodes' disks beyond the platform's own keys
    disk_encryption = {
      own_key = "bool"   # With an own key in the own vault; fixed at creation
      set_id  = "string" # A disk encryption set that is there already; fixed at creation
    }

    # Identities
    identity = {
      cluster_identity_id       = "string"      # User-assigned identity of the control plane that is there already; default: an own one
      dns                       = "bool"        # Identities for external-dns and cert-manager, for the cluster's zone only
      external_secrets_vaults   = "map(string)" # Key vaults, by any name, that external-secrets may read: its identity is made when there are any
      role_propagation_duration = "string"      # How long Azure gets to make new role assignments known, such as 60s
    }

    registries = "map(string)" # Container registries, by any name, that nodes pull from: their ids

    # DNS zone of the cluster
    dns = {
      zone    = "bool"   # Own zone of the cluster's domain
      zone_id = "string" # A zone that is there already instead
    }

    # What ingress controllers build on
    ingress = {
      public_ip = "bool" # A public address that stays when the ingress controller is made anew
    }

    # Upgrades
    upgrades = {
      channel         = "patch | stable | rapid | node-image | none"   # What AKS upgrades by itself
      node_os_channel = "NodeImage | SecurityPatch | Unmanaged | None" # How nodes get security updates
      force_until     = "string"                                       # Upgrade although a check refuses it, until this time (RFC 3339)

      # When AKS may upgrade the cluster
      cluster_window = {
        frequency    = "Daily | Weekly | AbsoluteMonthly | RelativeMonthly" # How often
        interval     = "number"                                             # Every so many days, weeks or months
        day_of_week  = "string"                                             # Weekly and RelativeMonthly: such as Sunday
        week_index   = "First | Second | Third | Fourth | Last"             # RelativeMonthly: which week
        day_of_month = "number"                                             # AbsoluteMonthly: which day
        start_time   = "string"                                             # HH:MM
        utc_offset   = "string"                                             # Such as +01:00
        duration     = "number"                                             # Hours, 4 to 24
      }

      # When AKS may update the system of nodes
      node_os_window = {
        frequency    = "Daily | Weekly | AbsoluteMonthly | RelativeMonthly" # How often
        interval     = "number"                                             # Every so many days, weeks or months
        day_of_week  = "string"                                             # Weekly and RelativeMonthly: such as Saturday
        week_index   = "First | Second | Third | Fourth | Last"             # RelativeMonthly: which week
        day_of_month = "number"                                             # AbsoluteMonthly: which day
        start_time   = "string"                                             # HH:MM
        utc_offset   = "string"                                             # Such as +01:00
        duration     = "number"                                             # Hours, 4 to 24
      }
    }

    # Nodes of what AKS itself runs; workloads get pools of their own
    system_pool = {
      vm_size               = "string"                                                      # Size with at least 2 processors and 4 GiB
      min_size              = "number"                                                      # Fewest nodes, at least 1
      max_size              = "number"                                                      # Most nodes
      availability_zones    = "list(string)"                                                # Default: the cluster's
      only_critical_addons  = "bool"                                                        # Keep other pods away by a taint
      max_pods              = "number"                                                      # Pods of a node, 30 to 250; default: chosen by AKS
      os_sku                = "AzureLinux | AzureLinux3 | Ubuntu | Ubuntu2204 | Ubuntu2404" # System of the nodes
      disk_size_gib         = "number"                                                      # Default: chosen by AKS for the size
      disk_type             = "Managed | Ephemeral"                                         # Ephemeral is faster and needs a size with enough local disk
      host_encryption       = "bool"                                                        # Encrypt on the host too; the subscription must have the feature
      fips                  = "bool"                                                        # System with validated cryptography
      labels                = "map(string)"                                                 # Labels of the nodes
      tags                  = "map(string)"                                                 # Tags of the nodes
      max_surge             = "string"                                                      # Nodes more than usual during an upgrade, a number or a share
      drain_timeout_minutes = "number"                                                      # How long a node may take to be drained
      node_soak_minutes     = "number"                                                      # Pause after each node, 0 to 30
    }

    # Cluster autoscaler; null is the default of AKS
    autoscaler = {
      balance_similar_node_groups           = "bool"                                        # Keep similar pools equally large
      daemonset_eviction_for_empty_nodes    = "bool"                                        # Evict DaemonSet pods from empty nodes
      daemonset_eviction_for_occupied_nodes = "bool"                                        # Evict DaemonSet pods from other nodes
      expander                              = "least-waste | most-pods | priority | random" # Which pool grows
      ignore_daemonsets_utilization         = "bool"                                        # Leave DaemonSets out of the utilization
      max_graceful_termination_sec          = "string"                                      # Seconds that pods get to end
      max_node_provisioning_time            = "string"                                      # How long a node may take to come, such as 15m
      max_unready_nodes                     = "number"                                      # Unready nodes that stop all scaling
      max_unready_percentage                = "number"                                      # The same as a share
      new_pod_scale_up_delay                = "string"                                      # Age of pods that count, such as 10s
      scale_down_delay_after_add            = "string"                                      # Pause after growing
      scale_down_delay_after_delete         = "string"                                      # Pause after a node left
      scale_down_delay_after_failure        = "string"                                      # Pause after a failure
      scale_down_unneeded                   = "string"                                      # How long a node must be unneeded
      scale_down_unready                    = "string"                                      # How long an unready node must be unneeded
      scale_down_utilization_threshold      = "string"                                      # Below which utilization a node is unneeded
      empty_bulk_delete_max                 = "string"                                      # Empty nodes that may leave at once
      scan_interval                         = "string"                                      # How often it looks
      skip_nodes_with_local_storage         = "bool"                                        # Keep nodes whose pods have local storage
      skip_nodes_with_system_pods           = "bool"                                        # Keep nodes with pods of kube-system
    }

    # Drivers of storage
    storage = {
      disk      = "bool" # Azure Disk
      file      = "bool" # Azure Files
      blob      = "bool" # Azure Blob Storage
      snapshots = "bool" # Snapshot controller
    }

    # Removal of images that nobody uses and that have known holes
    image_cleaner = {
      enabled        = "bool"   # On
      interval_hours = "number" # 24 to 2160
    }

    # What AKS can run in the cluster
    addons = {
      azure_policy            = "bool" # Azure Policy, as admission checks
      keda                    = "bool" # Scaling by events
      vertical_pod_autoscaler = "bool" # Requests of pods that follow their use
      key_vault_secrets       = "bool" # Secrets of key vaults as volumes, rotated
      node_provisioning       = "bool" # Nodes of any fitting size by need (Karpenter) instead of the cluster autoscaler
    }

    deletion_protection = "bool"        # Destroying fails until this has been applied as false
    tags                = "map(string)" # Tags of every resource

    # Arguments of the cluster that are passed on as they are
    extra = {
      ai_toolchain_operator_enabled       = "bool"         # KAITO
      cost_analysis_enabled               = "bool"         # Costs by namespace; needs the tier Standard or Premium
      custom_ca_trust_certificates_base64 = "list(string)" # Certificate authorities that nodes trust, PEM in base64
      http_proxy                          = "string"       # Proxy of the nodes
      https_proxy                         = "string"       # Proxy of the nodes
      no_proxy                            = "list(string)" # What goes past the proxy
      microsoft_defender_workspace_id     = "string"       # Microsoft Defender, with this Log Analytics workspace
      run_command_enabled                 = "bool"         # az aks command invoke
    }
  }
}
