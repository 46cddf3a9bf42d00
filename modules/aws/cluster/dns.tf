# The zone of the cluster's own domain.

locals {
  # Zones may be made by the same run, see encryption.tf.
  given_zone = can(length([trimspace(local.settings.dns.zone_id)]))
  delegated  = can(length([trimspace(local.settings.dns.parent_zone_id)]))
  has_zone   = local.settings.dns.zone || local.given_zone
  own_zone   = local.settings.dns.zone && !local.given_zone
  zone_id    = local.own_zone ? aws_route53_zone.this[0].zone_id : local.settings.dns.zone_id
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
  count = local.delegated ? 1 : 0

  zone_id = local.settings.dns.parent_zone_id
  name    = module.metadata.fqdn
  type    = "NS"
  ttl     = 300
  records = aws_route53_zone.this[0].name_servers
}

data "aws_route53_zone" "existing" {
  count = local.given_zone ? 1 : 0

  zone_id = local.settings.dns.zone_id
}
