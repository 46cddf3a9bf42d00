# The zone of the cluster's own domain. Who owns the base domain must delegate it to the name servers in output dns.

locals {
  has_zone = local.settings.dns.zone || local.settings.dns.zone_id != null
  own_zone = local.settings.dns.zone && local.settings.dns.zone_id == null
  zone_id  = local.own_zone ? aws_route53_zone.this[0].zone_id : local.settings.dns.zone_id
}

resource "aws_route53_zone" "this" {
  count = local.own_zone ? 1 : 0

  name          = module.metadata.fqdn
  comment       = "Kubernetes cluster ${local.name}"
  force_destroy = local.settings.dns.force_destroy

  tags = local.tags
}

data "aws_route53_zone" "existing" {
  count = local.settings.dns.zone_id != null ? 1 : 0

  zone_id = local.settings.dns.zone_id
}
