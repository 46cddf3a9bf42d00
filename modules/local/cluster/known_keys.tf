# Every setting of this module with its type. A key that is not here is refused; ./settings has the defaults and
# limits, and a test holds the two together. The comments become the tables of the README.
locals {
  known_keys = {
    name_prefix     = "string" # First part of the name: what the cluster is for and a counter, such as gc0
    base_domain     = "string" # Domain that the platform owns
    kubeconfig_path = "string" # Where the sandbox writes its kubeconfig; in its own folder without this
  }
}
