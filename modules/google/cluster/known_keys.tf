# Every setting of this module with its type and meaning. A key that is not here is refused; ./settings has the
# defaults and limits, and a test holds the two together.
locals {
  known_keys = {
    name_prefix        = "string"                                            # First part of the name
    base_domain        = "string"                                            # Domain that the platform owns
    project            = "string"                                            # Id of the project that everything is made in
    region             = "string"                                            # Region of control plane and nodes, such as europe-west1
    zones              = "list(string)"                                      # Zones of the nodes; without them GKE takes three of the region
    kubernetes_version = "string"                                            # Lowest version of the control plane, such as 1.33; the release channel upgrades it
    release_channel    = "RAPID | REGULAR | STABLE | EXTENDED | UNSPECIFIED" # How early Google upgrades; UNSPECIFIED leaves the control plane to kubernetes_version

    # The network: an own one, or the names of an existing one
    network = {
      cidr                 = "string"       # IPv4 range of the cluster, /12 to /20, cut into ranges for nodes, pods and Services
      nodes_cidr           = "string"       # Range of the nodes, instead of one cut out of cidr
      pods_cidr            = "string"       # Range of the pods, instead of one cut out of cidr
      services_cidr        = "string"       # Range of the Services, instead of one cut out of cidr
      control_plane_cidr   = "string"       # A /28 for the control plane; without it the private endpoint is an address of the nodes' range
      pod_ranges           = "map(string)"  # Further ranges for pods, name to CIDR, for pools that want one of their own
      proxy_cidr           = "string"       # Range of the proxies of regional Gateways and load balancers; without it there are none
      avoid_cidrs          = "list(string)" # Networks that are or will be connected: overlap is refused
      max_pods_per_node    = "number"       # Pods that a node may run, which decides how many addresses it takes: fixed at creation
      intranode_visibility = "bool"         # Show traffic between pods of one node to the network (flow logs, policies)
      flow_logs            = "bool"         # Log samples of the traffic of the nodes' subnetwork
      node_local_dns       = "bool"         # A DNS cache on every node

      # The way out of private nodes
      nat = {
        enabled                      = "bool"                     # Make a NAT gateway; without it nodes reach Google's services only
        static_addresses             = "number"                   # Addresses that are reserved for it; 0 leaves them to Google, and they change
        min_ports_per_vm             = "number"                   # Ports that a node has at least
        max_ports_per_vm             = "number"                   # Ports that a node may have at most; needs dynamic_ports
        dynamic_ports                = "bool"                     # Give busy nodes more ports than others
        endpoint_independent_mapping = "bool"                     # Keep one outer port for all destinations; excludes dynamic_ports
        log                          = "ERRORS_ONLY | ALL | NONE" # What of it is logged
      }

      # The router that NAT and connections to other networks hang on
      router = {
        asn               = "number"           # Its number in BGP: 16550, or a private one
        advertise_mode    = "DEFAULT | CUSTOM" # Announce all subnetworks, or what is named
        advertised_groups = "list(string)"     # ALL_SUBNETS, with CUSTOM
        advertised_ranges = "map(string)"      # Ranges to announce, name to CIDR, with CUSTOM
      }

      # An existing network: nothing of the network is made
      existing = {
        network        = "string" # Self link or id of the network, possibly of a host project
        subnetwork     = "string" # Self link or id of the nodes' subnetwork, in the region
        pods_range     = "string" # Name of its secondary range for pods
        services_range = "string" # Name of its secondary range for Services
      }
    }

    # How the API server is reached; the private address is always there
    endpoint = {
      public                = "bool"         # Give the API server a public address
      public_cidrs          = "list(string)" # From where that may be used
      private_cidrs         = "list(string)" # Networks beside the cluster's own that may use the private address
      private_global_access = "bool"         # Let other regions of the network use the private address
      dns                   = "bool"         # Reach the API server by a DNS name, from anywhere, with Google's own access control in front
    }

    # What of the cluster goes to Cloud Logging
    logging = {
      components = "list(string)"             # SYSTEM_COMPONENTS, WORKLOADS, APISERVER, CONTROLLER_MANAGER, SCHEDULER, and KCP_SSHD, KCP_CONNECTION, KCP_HPA
      variant    = "DEFAULT | MAX_THROUGHPUT" # How much a node's agent may take, where its pool says nothing
    }

    # What of the cluster goes to Cloud Monitoring
    monitoring = {
      components         = "list(string)" # SYSTEM_COMPONENTS, APISERVER, CONTROLLER_MANAGER, SCHEDULER, STORAGE, POD, DEPLOYMENT and others
      managed_prometheus = "bool"         # Collect the metrics of workloads with Google's Prometheus
      datapath_metrics   = "bool"         # Metrics of the traffic between pods
      datapath_relay     = "bool"         # Let Hubble look into the traffic between pods
    }

    # The key that Kubernetes secrets are encrypted with
    secrets_encryption = {
      key                  = "string" # Id of an existing key of the region, which GKE's service agent must be allowed to use; without it a key is made
      rotation_period_days = "number" # How often the made key is rotated
    }

    # Who may enter, by any name. Google grants this for the project, so for all of its clusters
    access = {
      "*" = {
        member = "string"                             # Who, as IAM writes it: group:operators@example.com, user:… or serviceAccount:…
        policy = "cluster-admin | edit | view | none" # What; none only opens the door, and RBAC in the cluster says what is allowed
      }
    }

    access_groups = "string" # Google group whose member groups RBAC may name: gke-security-groups@<domain>

    # What nodes are to Google Cloud
    nodes = {
      service_account   = "string"       # E-mail of an existing service account, which must have its roles; without it one is made
      registry_projects = "list(string)" # Further projects whose Artifact Registry nodes may read
    }

    # What services of the cluster are to Google Cloud, by workload identity
    identity = {
      dns     = "bool" # Let external-dns/external-dns and cert-manager/cert-manager change records of the cluster's zone
      secrets = "bool" # Let external-secrets/external-secrets read secrets whose names start with the cluster's name

      # Roles for further service accounts, by any name
      services = {
        "*" = {
          namespace       = "string"       # Namespace of the Kubernetes service account
          service_account = "string"       # Its name
          roles           = "list(string)" # Roles in the project, such as roles/pubsub.publisher
        }
      }
    }

    # The DNS zone of the cluster's domain
    dns = {
      zone          = "bool"   # Make one in Cloud DNS
      zone_name     = "string" # Name of an existing managed zone instead
      force_destroy = "bool"   # Destroy the zone although it has records
      dnssec        = "bool"   # Sign the zone
    }

    # When Google may upgrade
    maintenance = {
      daily_start = "string" # Start of the daily four hours, in UTC, such as 03:00

      # A window of your own instead of the daily one
      recurring = {
        start_time = "string" # First start, such as 2026-01-03T02:00:00Z
        end_time   = "string" # First end; its distance from the start is the length
        recurrence = "string" # Days, as RFC 5545 writes it: FREQ=WEEKLY;BYDAY=SA,SU
      }

      # Times without upgrades, by name
      exclusions = {
        "*" = {
          start_time = "string"                                                      # From when, such as 2026-12-20T00:00:00Z
          end_time   = "string"                                                      # Until when
          scope      = "NO_UPGRADES | NO_MINOR_UPGRADES | NO_MINOR_OR_NODE_UPGRADES" # What does not happen
        }
      }
    }

    # How the cluster grows
    autoscaling = {
      profile      = "BALANCED | OPTIMIZE_UTILIZATION" # Keep spare nodes, or remove them soon
      vertical_pod = "bool"                            # Recommend and set the requests of pods

      # Node pools that GKE makes by itself
      auto_provisioning = {
        enabled    = "bool"         # Make pools for pods that no pool has room for
        zones      = "list(string)" # Where; the cluster's zones by default
        image_type = "string"       # Image of their nodes
        disk_gib   = "number"       # Size of their disks
        disk_type  = "string"       # Type of their disks

        # Limits over all nodes of the cluster: cpu, memory (GB) and types of accelerators
        limits = {
          "*" = {
            minimum = "number" # Not less than this
            maximum = "number" # Not more than this
          }
        }
      }
    }

    # Storage drivers
    storage = {
      persistent_disk = "bool" # Compute Engine disks
      filestore       = "bool" # Filestore: shared NFS volumes
      gcs_fuse        = "bool" # Buckets as folders
      backup_agent    = "bool" # The agent of Backup for GKE
    }

    # What ingress stands on
    ingress = {
      http_load_balancing = "bool"                                                       # Ingress and Gateways by Google's load balancers
      gateway_channel     = "CHANNEL_STANDARD | CHANNEL_EXPERIMENTAL | CHANNEL_DISABLED" # Gateway API
    }

    # Checks of what runs
    security = {
      posture              = "BASIC | DISABLED" # Look for known misconfigurations of workloads
      binary_authorization = "bool"             # Run images only that the project's policy admits
      secret_manager       = "bool"             # The CSI driver of Secret Manager
    }

    cost_management     = "bool"        # Show cost by namespace and label in the bill
    notifications_topic = "string"      # Pub/Sub topic that is told of upgrades and security bulletins
    deletion_protection = "bool"        # Refuse to destroy the cluster until this has been applied as false
    resource_labels     = "map(string)" # Labels of every resource that takes them

    # Arguments of google_container_cluster that have no setting of their own
    extra = {
      default_snat_disabled                    = "bool"         # Keep pods' own addresses on the way to other networks
      description                              = "string"       # Words about the cluster; fixed at creation
      disable_l4_lb_firewall_reconciliation    = "bool"         # Leave the firewall rules of load balancers to somebody else
      enable_cilium_clusterwide_network_policy = "bool"         # Network policies for all namespaces
      enable_fqdn_network_policy               = "bool"         # Network policies by domain name
      enable_k8s_beta_apis                     = "list(string)" # Beta APIs to serve
      enable_multi_networking                  = "bool"         # Pods with several interfaces
      fleet_project                            = "string"       # Project whose fleet the cluster joins
      in_transit_encryption_config             = "string"       # IN_TRANSIT_ENCRYPTION_INTER_NODE_TRANSPARENT or IN_TRANSIT_ENCRYPTION_DISABLED
    }
  }
}
