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

  # What a region of each provider looks like, so that it can be told from an environment before it.
  region_forms = {
    aws   = "(?:[a-z]{2}|eusc)(?:-[a-z]+)+-[0-9]"
    gcp   = "[a-z]+-[a-z]+[0-9]+"
    azure = "[a-z]+[0-9]*"
    local = "[a-z]+[0-9]*"
  }

  full_name = "${var.name_prefix}-${var.environment}-${var.region}"
  full_fqdn = "${local.name}.${local.domain}"
  domain    = "${var.provider_name}.${var.base_domain}"

  # A slash stands between the parts, which have none.
  hash       = substr(sha256("${var.name_prefix}/${var.environment}/${var.region}"), 0, 8)
  name_limit = local.name_limits[var.provider_name]

  # Parts with hyphens can make one text of two clusters: a-b in c, and a in b-c. So the name is plain only where it can
  # be taken apart again: the prefix ends at the first hyphen, and the region is the longest end that looks like one.
  # What is too long, and what ends like a hash, is not plain either.
  readable_environment = try(regex("^(.+?)-(?:${local.region_forms[var.provider_name]})$", "${var.environment}-${var.region}")[0], "")
  is_plain = alltrue([
    length(local.full_name) <= local.name_limit,
    !strcontains(var.name_prefix, "-"),
    local.readable_environment == var.environment,
    !can(regex("(?:^|-)[0-9a-f]{8}$", local.full_name)),
  ])
  name = local.is_plain ? local.full_name : "${trim(substr(local.full_name, 0, local.name_limit - 9), "-")}-${local.hash}"

  # Without its hyphens a name could be another's as well, so those always have the hash.
  derived_names = {
    for key, derived in var.derived_names : key => !derived.hyphens ? (
      "${substr(replace(local.full_name, "-", ""), 0, derived.max_length - length(derived.suffix) - 8)}${local.hash}${derived.suffix}"
      ) : (
      length(local.name) + length(derived.suffix) <= derived.max_length ? "${local.name}${derived.suffix}" : (
        "${trim(substr(local.full_name, 0, derived.max_length - length(derived.suffix) - 9), "-")}-${local.hash}${derived.suffix}"
      )
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
