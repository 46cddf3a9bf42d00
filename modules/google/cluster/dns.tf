# The zone of the cluster's own domain. Who owns the base domain must delegate it to the name servers in output dns.

locals {
  has_zone  = local.settings.dns.zone || local.settings.dns.zone_name != null
  own_zone  = local.settings.dns.zone && local.settings.dns.zone_name == null
  zone_name = local.own_zone ? google_dns_managed_zone.this[0].name : local.settings.dns.zone_name
}

resource "google_dns_managed_zone" "this" {
  count = local.own_zone ? 1 : 0

  name          = module.metadata.derived_names.network
  description   = "Kubernetes cluster ${local.name}"
  project       = local.project
  dns_name      = "${module.metadata.fqdn}."
  force_destroy = local.settings.dns.force_destroy
  labels        = local.labels

  dnssec_config {
    state = local.settings.dns.dnssec ? "on" : "off"
  }
}

data "google_dns_managed_zone" "existing" {
  count = local.settings.dns.zone_name != null ? 1 : 0

  name    = local.settings.dns.zone_name
  project = local.project
}
