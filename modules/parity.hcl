# What each cloud has, row by row: from here comes the table in README.md, and a test looks up every piece of evidence.
#
#   settings   keys of known_keys.tf, written <module>/<key>: "cluster/network.nat", "cluster/node-pool/taints.*.key"
#   resources  what the modules make: a type, an address, or an argument or nested block of one:
#              "aws_nat_gateway", "aws_subnet.nodes", "aws_subnet.nodes.map_public_ip_on_launch", "data.aws_region.current"
#   text       what the table says instead of "yes"
#   deviation  the first cell of the line in DEVIATIONS.md, under the cloud's heading, that says why a cloud lacks the
#              row or has less of it
#
# Each row of a cloud needs settings or resources that show it, or a deviation.

rows = [
  "private nodes",
  "own network or an existing one",
  "configurable CIDRs, overlap refused",
  "API endpoint public, private, allowed CIDRs",
  "workload identity",
  "secrets encryption with a managed key",
  "control-plane logs and monitoring",
  "node pools: autoscaling",
  "node pools: spot",
  "node pools: labels and taints",
  "node pools: disk",
  "node pools: zones",
  "node pools: surge upgrade",
  "node pools: ARM and GPU images",
  "node pools: kubelet",
  "admin access for roles or groups",
  "storage driver",
  "cluster autoscaling identity",
  "DNS zone",
  "ingress prerequisites",
  "maintenance window",
  "release channel, upgrade policy",
  "deletion protection",
  "labels and tags on every resource",
  "registry read access",
  "`extra` arguments",
]

cloud "aws" {
  row "private nodes" {
    settings  = ["cluster/network.nat", "cluster/network.endpoints"]
    resources = ["aws_subnet.nodes.map_public_ip_on_launch", "aws_nat_gateway.this", "aws_vpc_endpoint.interface"]
  }

  row "own network or an existing one" {
    settings  = ["cluster/network.existing.vpc_id", "cluster/network.existing.node_subnet_ids"]
    resources = ["aws_vpc.this", "data.aws_subnet.existing"]
  }

  row "configurable CIDRs, overlap refused" {
    settings = ["cluster/network.cidr", "cluster/network.subnets.nodes", "cluster/network.secondary_cidrs", "cluster/network.service_cidr", "cluster/network.avoid_cidrs"]
  }

  row "API endpoint public, private, allowed CIDRs" {
    settings  = ["cluster/endpoint.public", "cluster/endpoint.private", "cluster/endpoint.public_cidrs"]
    resources = ["aws_eks_cluster.this.vpc_config.public_access_cidrs"]
  }

  row "workload identity" {
    text      = "pod identity and OIDC provider (IRSA), for any service account"
    settings  = ["cluster/identity.oidc_provider", "cluster/service_accounts.*.policies"]
    resources = ["aws_eks_pod_identity_association.this", "aws_iam_openid_connect_provider.this"]
  }

  row "secrets encryption with a managed key" {
    text      = "own or given KMS key"
    settings  = ["cluster/secrets_encryption.key_arn"]
    resources = ["aws_kms_key.secrets", "aws_eks_cluster.this.encryption_config"]
  }

  row "control-plane logs and monitoring" {
    text      = "CloudWatch with retention; flow logs"
    settings  = ["cluster/control_plane_logs.types", "cluster/control_plane_logs.retention_days", "cluster/network.flow_logs.enabled"]
    resources = ["aws_cloudwatch_log_group.control_plane", "aws_flow_log.this"]
  }

  row "node pools: autoscaling" {
    settings  = ["cluster/node-pool/min_size", "cluster/node-pool/max_size"]
    resources = ["aws_eks_node_group.this.scaling_config"]
  }

  row "node pools: spot" {
    settings  = ["cluster/node-pool/spot"]
    resources = ["aws_eks_node_group.this.capacity_type"]
  }

  row "node pools: labels and taints" {
    settings  = ["cluster/node-pool/labels", "cluster/node-pool/taints.*.key"]
    resources = ["aws_eks_node_group.this.labels", "aws_eks_node_group.this.taint"]
  }

  row "node pools: disk" {
    settings  = ["cluster/node-pool/disk.size_gib", "cluster/node-pool/disk.kms_key_arn", "cluster/node-pool/disk.instance_store"]
    resources = ["aws_launch_template.this.block_device_mappings"]
  }

  row "node pools: zones" {
    settings = ["cluster/node-pool/availability_zones"]
  }

  row "node pools: surge upgrade" {
    settings  = ["cluster/node-pool/update.max_unavailable"]
    resources = ["aws_eks_node_group.this.update_config"]
  }

  row "node pools: ARM and GPU images" {
    settings  = ["cluster/node-pool/ami_type"]
    resources = ["aws_eks_node_group.this.ami_type"]
  }

  row "node pools: kubelet" {
    settings  = ["cluster/node-pool/kubelet.max_pods", "cluster/node-pool/kubelet.kube_reserved"]
    resources = ["aws_launch_template.this.user_data"]
  }

  row "admin access for roles or groups" {
    text      = "access entries"
    settings  = ["cluster/access.*.principal_arn"]
    resources = ["aws_eks_access_entry.this", "aws_eks_access_policy_association.this"]
  }

  row "storage driver" {
    text      = "EBS CSI add-on"
    settings  = ["cluster/addons.*.enabled"]
    resources = ["aws_eks_addon.workload"]
  }

  row "cluster autoscaling identity" {
    settings  = ["cluster/identity.cluster_autoscaler"]
    resources = ["aws_iam_role.pod"]
  }

  row "DNS zone" {
    text      = "own or existing"
    settings  = ["cluster/dns.zone", "cluster/dns.zone_id", "cluster/dns.parent_zone_id"]
    resources = ["aws_route53_zone.this", "data.aws_route53_zone.existing", "aws_route53_record.delegation"]
  }

  row "ingress prerequisites" {
    text      = "tagged subnets, role of the AWS Load Balancer Controller"
    settings  = ["cluster/identity.load_balancer_controller"]
    resources = ["aws_subnet.public.tags", "aws_subnet.nodes.tags", "aws_eks_pod_identity_association.this"]
  }

  row "maintenance window" {
    deviation = "maintenance window"
  }

  row "release channel, upgrade policy" {
    text      = "`support_type`"
    settings  = ["cluster/support_type"]
    deviation = "release channel"
  }

  row "deletion protection" {
    text      = "on apply"
    settings  = ["cluster/deletion_protection", "cluster/node-pool/deletion_protection"]
    resources = ["terraform_data.deletion_guard"]
    deviation = "deletion protection by EKS itself"
  }

  row "labels and tags on every resource" {
    settings  = ["cluster/tags", "cluster/node-pool/tags"]
    resources = ["aws_eks_cluster.this.tags", "aws_vpc.this.tags", "aws_launch_template.this.tag_specifications"]
  }

  row "registry read access" {
    text      = "ECR, by the node role"
    resources = ["aws_iam_role_policy_attachment.node"]
  }

  row "`extra` arguments" {
    settings = ["cluster/extra.zonal_shift", "cluster/node-pool/extra.node_repair"]
  }
}

cloud "google" {
  row "private nodes" {
    settings  = ["cluster/network.nat.enabled"]
    resources = ["google_container_cluster.this.private_cluster_config.enable_private_nodes", "google_container_node_pool.this.network_config.enable_private_nodes", "google_compute_router_nat.this"]
  }

  row "own network or an existing one" {
    settings  = ["cluster/network.existing.network", "cluster/network.existing.subnetwork"]
    resources = ["google_compute_network.this", "google_compute_subnetwork.nodes"]
  }

  row "configurable CIDRs, overlap refused" {
    settings = ["cluster/network.cidr", "cluster/network.nodes_cidr", "cluster/network.pods_cidr", "cluster/network.services_cidr", "cluster/network.avoid_cidrs"]
  }

  row "API endpoint public, private, allowed CIDRs" {
    settings  = ["cluster/endpoint.public", "cluster/endpoint.public_cidrs", "cluster/endpoint.private_cidrs"]
    resources = ["google_container_cluster.this.private_cluster_config.enable_private_endpoint", "google_container_cluster.this.master_authorized_networks_config"]
  }

  row "workload identity" {
    text      = "principals of the project's pool"
    settings  = ["cluster/identity.services.*.roles"]
    resources = ["google_container_cluster.this.workload_identity_config", "google_dns_managed_zone_iam_member.services"]
    deviation = "identities of one cluster only"
  }

  row "secrets encryption with a managed key" {
    text      = "own or given KMS key"
    settings  = ["cluster/secrets_encryption.key"]
    resources = ["google_kms_crypto_key.secrets", "google_container_cluster.this.database_encryption"]
  }

  row "control-plane logs and monitoring" {
    text      = "Cloud Logging, Cloud Monitoring, Managed Prometheus"
    settings  = ["cluster/logging.components", "cluster/monitoring.components", "cluster/monitoring.managed_prometheus"]
    resources = ["google_container_cluster.this.logging_config", "google_container_cluster.this.monitoring_config"]
  }

  row "node pools: autoscaling" {
    settings  = ["cluster/node-pool/min_size", "cluster/node-pool/max_size", "cluster/node-pool/sizes_per_zone"]
    resources = ["google_container_node_pool.this.autoscaling"]
  }

  row "node pools: spot" {
    settings  = ["cluster/node-pool/spot"]
    resources = ["google_container_node_pool.this.node_config.spot"]
  }

  row "node pools: labels and taints" {
    settings  = ["cluster/node-pool/labels", "cluster/node-pool/taints.*.key"]
    resources = ["google_container_node_pool.this.node_config.labels", "google_container_node_pool.this.node_config.taint"]
  }

  row "node pools: disk" {
    settings  = ["cluster/node-pool/disk.size_gib", "cluster/node-pool/disk.kms_key"]
    resources = ["google_container_node_pool.this.node_config.disk_type"]
  }

  row "node pools: zones" {
    settings  = ["cluster/node-pool/zones"]
    resources = ["google_container_node_pool.this.node_locations"]
  }

  row "node pools: surge upgrade" {
    text      = "surge or blue-green"
    settings  = ["cluster/node-pool/upgrade.max_surge", "cluster/node-pool/upgrade.blue_green.pool_soak"]
    resources = ["google_container_node_pool.this.upgrade_settings"]
  }

  row "node pools: ARM and GPU images" {
    settings  = ["cluster/node-pool/image_type", "cluster/node-pool/accelerator.driver"]
    resources = ["google_container_node_pool.this.node_config.image_type", "google_container_node_pool.this.node_config.guest_accelerator"]
  }

  row "node pools: kubelet" {
    settings  = ["cluster/node-pool/kubelet.pod_pids_limit", "cluster/node-pool/linux.sysctls"]
    resources = ["google_container_node_pool.this.node_config.kubelet_config", "google_container_node_pool.this.node_config.linux_node_config"]
  }

  row "admin access for roles or groups" {
    text      = "IAM roles, Google Groups for RBAC"
    settings  = ["cluster/access.*.member", "cluster/access_groups"]
    resources = ["google_project_iam_member.access", "google_container_cluster.this.authenticator_groups_config"]
    deviation = "access to one cluster only"
  }

  row "storage driver" {
    text      = "Persistent Disk, Filestore, Cloud Storage FUSE"
    settings  = ["cluster/storage.persistent_disk", "cluster/storage.filestore", "cluster/storage.gcs_fuse"]
    resources = ["google_container_cluster.this.addons_config"]
  }

  row "cluster autoscaling identity" {
    text      = "GKE's own"
    settings  = ["cluster/autoscaling.profile", "cluster/autoscaling.auto_provisioning.enabled"]
    resources = ["google_container_cluster.this.cluster_autoscaling"]
    deviation = "cluster autoscaling identity"
  }

  row "DNS zone" {
    text      = "own or existing"
    settings  = ["cluster/dns.zone", "cluster/dns.zone_name"]
    resources = ["google_dns_managed_zone.this", "data.google_dns_managed_zone.existing"]
  }

  row "ingress prerequisites" {
    text      = "load balancing, Gateway API, proxies' subnetwork"
    settings  = ["cluster/ingress.gateway_channel", "cluster/network.proxy_cidr"]
    resources = ["google_container_cluster.this.gateway_api_config", "google_compute_subnetwork.proxies"]
  }

  row "maintenance window" {
    settings  = ["cluster/maintenance.daily_start", "cluster/maintenance.recurring.recurrence", "cluster/maintenance.exclusions.*.scope"]
    resources = ["google_container_cluster.this.maintenance_policy"]
  }

  row "release channel, upgrade policy" {
    settings  = ["cluster/release_channel", "cluster/node-pool/auto_upgrade"]
    resources = ["google_container_cluster.this.release_channel"]
  }

  row "deletion protection" {
    text      = "the provider's, on apply"
    settings  = ["cluster/deletion_protection"]
    resources = ["google_container_cluster.this.deletion_protection"]
    deviation = "deletion protection of node pools"
  }

  row "labels and tags on every resource" {
    settings  = ["cluster/resource_labels", "cluster/node-pool/resource_labels"]
    resources = ["google_container_cluster.this.resource_labels", "google_compute_address.nat.labels", "google_kms_crypto_key.secrets.labels", "google_dns_managed_zone.this.labels", "google_container_node_pool.this.node_config.resource_labels"]
  }

  row "registry read access" {
    text      = "Artifact Registry, by the nodes' service account"
    settings  = ["cluster/nodes.registry_projects"]
    resources = ["google_project_iam_member.nodes"]
  }

  row "`extra` arguments" {
    settings = ["cluster/extra.enable_fqdn_network_policy", "cluster/node-pool/extra.min_cpu_platform"]
  }
}

cloud "azure" {
  row "private nodes" {
    settings  = ["cluster/network.outbound", "cluster/network.nat_gateway.sku"]
    resources = ["azurerm_kubernetes_cluster.this.default_node_pool.node_public_ip_enabled", "azurerm_nat_gateway.this", "azurerm_kubernetes_cluster_node_pool.this.node_public_ip_enabled"]
  }

  row "own network or an existing one" {
    settings  = ["cluster/network.existing.node_subnet_id", "cluster/resource_group.existing"]
    resources = ["azurerm_virtual_network.this", "data.azurerm_subnet.existing"]
  }

  row "configurable CIDRs, overlap refused" {
    settings = ["cluster/network.cidr", "cluster/network.subnets.nodes", "cluster/network.pod_cidr", "cluster/network.service_cidr", "cluster/network.avoid_cidrs", "cluster/node-pool/subnet_cidr"]
  }

  row "API endpoint public, private, allowed CIDRs" {
    settings  = ["cluster/endpoint.public", "cluster/endpoint.public_cidrs", "cluster/endpoint.network_integration"]
    resources = ["azurerm_kubernetes_cluster.this.api_server_access_profile", "azurerm_kubernetes_cluster.this.private_cluster_enabled"]
  }

  row "workload identity" {
    text      = "Entra workload identity"
    settings  = ["cluster/identity.dns", "cluster/identity.external_secrets_vaults"]
    resources = ["azurerm_kubernetes_cluster.this.workload_identity_enabled", "azurerm_federated_identity_credential.service"]
  }

  row "secrets encryption with a managed key" {
    text      = "own or given key of a key vault"
    settings  = ["cluster/secrets_encryption.key_id", "cluster/disk_encryption.own_key"]
    resources = ["azurerm_key_vault_key.secrets", "azurerm_kubernetes_cluster.this.key_management_service", "azurerm_disk_encryption_set.this"]
  }

  row "control-plane logs and monitoring" {
    text      = "Log Analytics with retention"
    settings  = ["cluster/control_plane_logs.types", "cluster/control_plane_logs.retention_days", "cluster/control_plane_logs.containers"]
    resources = ["azurerm_log_analytics_workspace.this", "azurerm_monitor_diagnostic_setting.control_plane"]
  }

  row "node pools: autoscaling" {
    settings  = ["cluster/node-pool/min_size", "cluster/node-pool/max_size", "cluster/node-pool/autoscaling"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.auto_scaling_enabled"]
  }

  row "node pools: spot" {
    settings  = ["cluster/node-pool/spot", "cluster/node-pool/spot_max_price"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.priority"]
  }

  row "node pools: labels and taints" {
    settings  = ["cluster/node-pool/labels", "cluster/node-pool/taints.*.key"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.node_labels", "azurerm_kubernetes_cluster_node_pool.this.node_taints"]
  }

  row "node pools: disk" {
    settings  = ["cluster/node-pool/disk.size_gib", "cluster/node-pool/disk.type", "cluster/node-pool/host_encryption"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.os_disk_type"]
  }

  row "node pools: zones" {
    settings  = ["cluster/node-pool/availability_zones"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.zones"]
  }

  row "node pools: surge upgrade" {
    settings  = ["cluster/node-pool/update.max_surge", "cluster/node-pool/update.drain_timeout_minutes"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.upgrade_settings"]
  }

  row "node pools: ARM and GPU images" {
    text      = "by the size"
    settings  = ["cluster/node-pool/vm_size", "cluster/node-pool/os_sku", "cluster/node-pool/gpu.driver"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.vm_size"]
  }

  row "node pools: kubelet" {
    text      = "kubelet and kernel"
    settings  = ["cluster/node-pool/kubelet.pod_max_pid", "cluster/node-pool/linux.sysctl.vm_max_map_count"]
    resources = ["azurerm_kubernetes_cluster_node_pool.this.kubelet_config", "azurerm_kubernetes_cluster_node_pool.this.linux_os_config"]
  }

  row "admin access for roles or groups" {
    text      = "Entra groups and principals"
    settings  = ["cluster/access.*.principal_id", "cluster/admin_group_ids"]
    resources = ["azurerm_role_assignment.access", "azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control"]
  }

  row "storage driver" {
    text      = "Disk, Files, Blob"
    settings  = ["cluster/storage.disk", "cluster/storage.file", "cluster/storage.blob"]
    resources = ["azurerm_kubernetes_cluster.this.storage_profile"]
  }

  row "cluster autoscaling identity" {
    text      = "AKS scales by itself"
    settings  = ["cluster/autoscaler.expander", "cluster/addons.node_provisioning"]
    resources = ["azurerm_kubernetes_cluster.this.auto_scaler_profile"]
  }

  row "DNS zone" {
    text      = "own or existing"
    settings  = ["cluster/dns.zone", "cluster/dns.zone_id"]
    resources = ["azurerm_dns_zone.this", "data.azurerm_dns_zone.existing"]
  }

  row "ingress prerequisites" {
    text      = "address that stays"
    settings  = ["cluster/ingress.public_ip"]
    resources = ["azurerm_public_ip.ingress"]
  }

  row "maintenance window" {
    settings  = ["cluster/upgrades.cluster_window.day_of_week", "cluster/upgrades.node_os_window.day_of_week"]
    resources = ["azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade", "azurerm_kubernetes_cluster.this.maintenance_window_node_os"]
  }

  row "release channel, upgrade policy" {
    settings  = ["cluster/upgrades.channel", "cluster/upgrades.node_os_channel", "cluster/support_plan"]
    resources = ["azurerm_kubernetes_cluster.this.automatic_upgrade_channel", "azurerm_kubernetes_cluster.this.node_os_upgrade_channel"]
  }

  row "deletion protection" {
    text      = "on apply"
    settings  = ["cluster/deletion_protection"]
    resources = ["terraform_data.deletion_guard"]
    deviation = "deletion protection by AKS itself"
  }

  row "labels and tags on every resource" {
    settings  = ["cluster/tags", "cluster/node-pool/tags"]
    resources = ["azurerm_kubernetes_cluster.this.tags", "azurerm_virtual_network.this.tags", "azurerm_kubernetes_cluster_node_pool.this.tags"]
  }

  row "registry read access" {
    text      = "ACR, by the identity of nodes"
    settings  = ["cluster/registries"]
    resources = ["azurerm_role_assignment.registries"]
  }

  row "`extra` arguments" {
    settings = ["cluster/extra.run_command_enabled", "cluster/node-pool/extra.proximity_placement_group_id"]
  }
}

cloud "local" {
  row "private nodes" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "own network or an existing one" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "configurable CIDRs, overlap refused" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "API endpoint public, private, allowed CIDRs" {
    text      = "loopback only"
    deviation = "settings of the control plane"
  }

  row "workload identity" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "secrets encryption with a managed key" {
    deviation = "settings of the control plane"
  }

  row "control-plane logs and monitoring" {
    deviation = "settings of the control plane"
  }

  row "node pools: autoscaling" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: spot" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: labels and taints" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: disk" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: zones" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: surge upgrade" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: ARM and GPU images" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "node pools: kubelet" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "admin access for roles or groups" {
    text      = "the kubeconfig is one"
    deviation = "admin access for roles or groups"
  }

  row "storage driver" {
    deviation = "settings of the control plane"
  }

  row "cluster autoscaling identity" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "DNS zone" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "ingress prerequisites" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "maintenance window" {
    deviation = "settings of the control plane"
  }

  row "release channel, upgrade policy" {
    deviation = "settings of the control plane"
  }

  row "deletion protection" {
    deviation = "deletion protection, labels and tags, `extra`"
  }

  row "labels and tags on every resource" {
    deviation = "deletion protection, labels and tags, `extra`"
  }

  row "registry read access" {
    deviation = "everything of a network, identities, DNS, node pools"
  }

  row "`extra` arguments" {
    deviation = "deletion protection, labels and tags, `extra`"
  }
}
