locals {
  # A name is also one part of the fully qualified domain, which allows 63 characters. GKE allows 40.
  name_limits = {
    aws   = 63
    gcp   = 40
    azure = 63
    local = 63
  }

  # Kubernetes allows 63 characters in the value of a label.
  label_limit = 63

  full_name = "${var.name_prefix}-${var.environment}-${var.region}"
  full_fqdn = "${local.name}.${local.domain}"
  domain    = "${var.provider_name}.${var.base_domain}"

  # What is too long ends in eight characters of a hash over all of it, so that two names that start alike stay two.
  name = length(local.full_name) <= local.name_limits[var.provider_name] ? local.full_name : (
    "${trim(substr(local.full_name, 0, local.name_limits[var.provider_name] - 9), "-")}-${substr(sha256(local.full_name), 0, 8)}"
  )

  derived_names = {
    for key, derived in var.derived_names : key =>
    length(local.name) + length(derived.suffix) <= derived.max_length ? "${local.name}${derived.suffix}" : (
      "${trim(substr(local.name, 0, derived.max_length - length(derived.suffix) - 9), "-")}-${substr(sha256(local.full_name), 0, 8)}${derived.suffix}"
    )
  }

  facts = {
    cluster     = local.name
    domain      = local.domain
    environment = var.environment
    fqdn        = local.full_fqdn
    provider    = var.provider_name
    region      = var.region
  }

  labels = {
    for key, value in local.facts : "${var.label_namespace}${key}" =>
    length(value) <= local.label_limit ? value : "${trim(substr(value, 0, local.label_limit - 9), "-.")}-${substr(sha256(value), 0, 8)}"
  }

  # Tags of cloud resources: keys and values that AWS, Google (lower case, digits, - and _) and Azure (no slash) all take.
  tags = {
    for key in ["cluster", "environment", "provider", "region"] : "kstack-${key}" => local.facts[key]
  }
}
