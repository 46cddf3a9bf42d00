# The zone of the cluster's own domain. Who owns the base domain must delegate it to the name servers in output dns.

locals {
  has_zone = local.settings.dns.zone || local.settings.dns.zone_id != null
  own_zone = local.settings.dns.zone && local.settings.dns.zone_id == null
  zone_id  = local.own_zone ? azurerm_dns_zone.this[0].id : local.settings.dns.zone_id
}

resource "azurerm_dns_zone" "this" {
  count = local.own_zone ? 1 : 0

  name                = module.metadata.fqdn
  resource_group_name = local.resource_group

  tags = local.tags
}

data "azurerm_dns_zone" "existing" {
  count = local.settings.dns.zone_id != null ? 1 : 0

  name                = reverse(split("/", local.settings.dns.zone_id))[0]
  resource_group_name = split("/", local.settings.dns.zone_id)[4]
}
