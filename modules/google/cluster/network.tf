# An own network, unless an existing one is given: one subnetwork for the nodes of all zones, with secondary ranges for
# pods and Services. Nodes have no public addresses; they reach Google's services directly and all else through NAT.

locals {
  existing = local.settings.network.existing
  ranges   = module.settings.ranges
  own      = local.existing == null ? 1 : 0
  has_nat  = local.existing == null && local.settings.network.nat.enabled

  network_id     = local.existing == null ? google_compute_network.this[0].id : local.existing.network
  subnetwork_id  = local.existing == null ? google_compute_subnetwork.nodes[0].id : local.existing.subnetwork
  pods_range     = local.existing == null ? "pods" : local.existing.pods_range
  services_range = local.existing == null ? "services" : local.existing.services_range
}

resource "google_compute_network" "this" {
  count = local.own

  name                    = module.metadata.derived_names.network
  description             = "Kubernetes cluster ${local.name}"
  project                 = local.project
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "nodes" {
  count = local.own

  name                     = module.metadata.derived_names.nodes
  description              = "Nodes, pods and Services of the Kubernetes cluster ${local.name}"
  project                  = local.project
  region                   = local.region
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = local.ranges.nodes
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = local.ranges.pods
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = local.ranges.services
  }

  dynamic "secondary_ip_range" {
    for_each = local.settings.network.pod_ranges

    content {
      range_name    = secondary_ip_range.key
      ip_cidr_range = secondary_ip_range.value
    }
  }

  dynamic "log_config" {
    for_each = local.settings.network.flow_logs ? [1] : []

    content {
      aggregation_interval = "INTERVAL_5_SEC"
      flow_sampling        = 0.5
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}

# Where the proxies of regional load balancers live: one such subnetwork serves a region of a network.
resource "google_compute_subnetwork" "proxies" {
  count = local.existing == null && local.settings.network.proxy_cidr != null ? 1 : 0

  name          = module.metadata.derived_names.proxies
  description   = "Proxies of load balancers of the Kubernetes cluster ${local.name}"
  project       = local.project
  region        = local.region
  network       = google_compute_network.this[0].id
  ip_cidr_range = local.ranges.proxy
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

resource "google_compute_router" "this" {
  count = local.has_nat ? 1 : 0

  name        = module.metadata.derived_names.network
  description = "Kubernetes cluster ${local.name}"
  project     = local.project
  region      = local.region
  network     = google_compute_network.this[0].id

  dynamic "bgp" {
    for_each = local.settings.network.router.asn[*]

    content {
      asn               = bgp.value
      advertise_mode    = local.settings.network.router.advertise_mode
      advertised_groups = local.settings.network.router.advertised_groups

      dynamic "advertised_ip_ranges" {
        for_each = local.settings.network.router.advertised_ranges

        content {
          description = advertised_ip_ranges.key
          range       = advertised_ip_ranges.value
        }
      }
    }
  }
}

resource "google_compute_address" "nat" {
  count = local.has_nat ? local.settings.network.nat.static_addresses : 0

  name        = "${module.metadata.derived_names.nat}-${count.index}"
  description = "Way out of the Kubernetes cluster ${local.name}"
  project     = local.project
  region      = local.region
  labels      = local.labels
}

resource "google_compute_router_nat" "this" {
  count = local.has_nat ? 1 : 0

  name    = module.metadata.derived_names.nat
  project = local.project
  region  = local.region
  router  = google_compute_router.this[0].name

  nat_ip_allocate_option              = local.settings.network.nat.static_addresses > 0 ? "MANUAL_ONLY" : "AUTO_ONLY"
  nat_ips                             = google_compute_address.nat[*].self_link
  source_subnetwork_ip_ranges_to_nat  = "LIST_OF_SUBNETWORKS"
  min_ports_per_vm                    = local.settings.network.nat.min_ports_per_vm
  max_ports_per_vm                    = local.settings.network.nat.max_ports_per_vm
  enable_dynamic_port_allocation      = local.settings.network.nat.dynamic_ports
  enable_endpoint_independent_mapping = local.settings.network.nat.endpoint_independent_mapping

  subnetwork {
    name                    = google_compute_subnetwork.nodes[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  dynamic "log_config" {
    for_each = local.settings.network.nat.log == "NONE" ? [] : [local.settings.network.nat.log]

    content {
      enable = true
      filter = log_config.value
    }
  }
}
