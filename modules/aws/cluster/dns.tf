# The zone of the cluster's own domain.

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

# Without this, whoever owns the base domain must delegate the zone to the name servers in output dns.
resource "aws_route53_record" "delegation" {
  count = local.settings.dns.parent_zone_id != null ? 1 : 0

  zone_id = local.settings.dns.parent_zone_id
  name    = module.metadata.fqdn
  type    = "NS"
  ttl     = 300
  records = aws_route53_zone.this[0].name_servers
}

data "aws_route53_zone" "existing" {
  count = local.settings.dns.zone_id != null ? 1 : 0

  zone_id = local.settings.dns.zone_id
}
