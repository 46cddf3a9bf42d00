# Every setting of this module with its type. A key that is not here is refused.
locals {
  known_keys = {
    name_prefix     = "string"
    base_domain     = "string"
    kubeconfig_path = "string"
  }
}
