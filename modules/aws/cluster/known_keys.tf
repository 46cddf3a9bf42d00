# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together. The comments become the tables of the README.
locals {
  known_keys = {
    name_prefix        = "string"              # First part of every name: what the cluster is for and a counter, such as gc0
    base_domain        = "string"              # Domain that the platform owns; the cluster gets one below it
    region             = "string"              # Region of the cluster, such as eu-west-1; the provider must work in it
    availability_zones = "list(string)"        # Two to eight zones of the region, for the control plane and for nodes
    kubernetes_version = "string"              # Minor version in quotes, such as "1.36"; without one the newest at creation
    support_type       = "STANDARD | EXTENDED" # STANDARD: EKS upgrades the cluster when standard support of its version ends; EXTENDED: it may stay, for a fee

    # The VPC that the cluster runs in
    network = {
      cidr            = "string"                # Addresses of the VPC, a /16 to /20 that is cut into subnets
      secondary_cidrs = "list(string)"          # Further addresses of the VPC, for pools with subnet_cidrs of their own
      nat             = "per_zone | one | none" # Way out for nodes: a NAT gateway per zone, one for all (cheaper, but its zone takes all out), or none
      avoid_cidrs     = "list(string)"          # Networks that are or will be connected to this one: overlap with them is refused
      service_cidr    = "string"                # Addresses of Services, outside of the VPC; fixed at creation, chosen by EKS without one
      endpoints       = "list(string)"          # AWS services with an interface endpoint, such as ecr.api; without this those that nodes need, if nat is none

      # Whole CIDRs instead of the cut, each list with one per zone in the zones' order
      subnets = {
        nodes         = "list(string)" # Private subnets of nodes and pods, with a way out
        control_plane = "list(string)" # Private subnets of the network interfaces of the control plane, with no way out
        public        = "list(string)" # Public subnets of NAT gateways and load balancers
      }

      # Logs of the traffic in the VPC, in CloudWatch
      flow_logs = {
        kms_key_arn    = "string"                # KMS key that encrypts them and lets CloudWatch use it; the key of CloudWatch without one
        enabled        = "bool"                  # Whether there are any
        traffic        = "ALL | ACCEPT | REJECT" # Which traffic is logged
        retention_days = "number"                # How long CloudWatch keeps them, in days that CloudWatch knows
      }

      # A network that is already there: nothing of the network is made then
      existing = {
        vpc_id                   = "string"       # VPC to use
        node_subnet_ids          = "list(string)" # Subnets of nodes, in zones of availability_zones
        control_plane_subnet_ids = "list(string)" # Subnets of the control plane, in two zones or more; those of nodes without this
      }
    }

    # Where the API can be reached from
    endpoint = {
      public       = "bool"         # Reachable from the internet, as far as public_cidrs go
      private      = "bool"         # Reachable from inside of the network, which is the way that nodes take
      public_cidrs = "list(string)" # Addresses that may reach the public endpoint
    }

    # Logs of the control plane in CloudWatch
    control_plane_logs = {
      kms_key_arn    = "string"       # KMS key that encrypts them and lets CloudWatch use it; the key of CloudWatch without one
      types          = "list(string)" # Logs to keep: api, audit, authenticator, controllerManager, scheduler
      retention_days = "number"       # How long CloudWatch keeps them, in days that CloudWatch knows
    }

    # Encryption of Kubernetes secrets in etcd, which is always on
    secrets_encryption = {
      key_arn              = "string" # KMS key to use; without one the module makes a key that rotates
      deletion_window_days = "number" # Days, 7 to 30, in which a destroyed key of the module can still be saved
    }

    # Access entries by a name of your choice: who may enter the cluster and what they may do
    access = {
      "*" = {
        principal_arn = "string"                                     # Role or user of IAM that may enter
        policy        = "cluster-admin | admin | edit | view | none" # What it may do; none leaves that to RBAC bindings of its groups
        namespaces    = "list(string)"                               # Namespaces that the policy is limited to; the whole cluster without any
        groups        = "list(string)"                               # Kubernetes groups that it belongs to
      }
    }

    creator_is_admin = "bool" # Whoever creates the cluster may administer it; fixed at creation

    # EKS add-ons by name; vpc-cni, kube-proxy, eks-pod-identity-agent, coredns and aws-ebs-csi-driver are on by default
    addons = {
      "*" = {
        enabled              = "bool"   # false leaves out an add-on that is on by default
        version              = "string" # Version, such as v1.12.1-eksbuild.2; without one the default of the Kubernetes version
        configuration_values = "string" # Values of the add-on as JSON: jsonencode({ … })
      }
    }

    # Roles of services, given by pod identity
    identity = {
      oidc_provider            = "bool"        # Register the cluster's OIDC issuer with IAM, for roles by web identity (IRSA)
      cluster_autoscaler       = "bool"        # Role of the service account kube-system/cluster-autoscaler
      load_balancer_controller = "bool"        # Role of the service account kube-system/aws-load-balancer-controller
      dns                      = "bool"        # Roles of external-dns/external-dns and cert-manager/cert-manager, for the cluster's zone only
      node_policies            = "map(string)" # ARNs of further policies for the role of all nodes, by a name of your choice
    }

    # Roles of your own services, by a name of your choice
    service_accounts = {
      "*" = {
        namespace = "string"      # Namespace of the service account
        name      = "string"      # Name of the service account; that of the entry without one
        policies  = "map(string)" # ARNs of policies for it, by a name of your choice
        policy    = "string"      # A policy of its own as JSON: jsonencode({ … })
      }
    }

    # Fargate profiles by name: pods that match one need no node pool
    fargate = {
      "*" = {
        namespaces = "list(string)" # One to five namespaces of the pods
        labels     = "map(string)"  # Labels that the pods must have too
      }
    }

    # DNS zone of the cluster
    dns = {
      zone           = "bool"   # Make a Route 53 zone for the cluster's domain
      zone_id        = "string" # Existing zone to use instead
      parent_zone_id = "string" # Zone of the base domain in this account, to delegate from; without it whoever owns that domain delegates
      force_destroy  = "bool"   # Destroy the zone although it still has records
    }

    deletion_protection = "bool"        # Destroying fails until this has been applied as false
    tags                = "map(string)" # Tags of every resource

    # Arguments of aws_eks_cluster that have no setting of their own
    extra = {
      force_update_version = "bool" # Upgrade although upgrade insights or disruption budgets speak against it
      zonal_shift          = "bool" # Let Route 53 Application Recovery Controller move traffic out of a failing zone
    }
  }
}
