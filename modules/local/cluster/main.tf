module "configuration" {
  source = "../../common/configuration"

  configuration          = var.configuration
  configuration_base_key = var.configuration_base_key
  environment            = var.environment
  inherits               = var.inherits
  known_keys             = local.known_keys
  required_keys          = ["name_prefix", "base_domain"]
}

module "settings" {
  source = "./settings"

  configuration = module.configuration.current
}

module "metadata" {
  source = "../../common/metadata"

  name_prefix   = local.settings.name_prefix
  base_domain   = local.settings.base_domain
  environment   = var.environment
  provider_name = "local"
  region        = "local"
}

locals {
  settings = module.settings.settings

  # Terraform cannot read KSTACK_HOME, so whoever sets it must pass it as sandbox_home too.
  sandbox_home    = coalesce(var.sandbox_home, pathexpand("~/.local/share/kstack"))
  kubeconfig_path = coalesce(local.settings.kubeconfig_path, "${local.sandbox_home}/sandboxes/${module.metadata.name}/kubeconfig")
}

# The sandbox: a Kubernetes control plane on this machine, run by kstack.
resource "terraform_data" "sandbox" {
  # Another name is another sandbox. Its place on disk may change without one: the folder can be moved.
  triggers_replace = module.metadata.name

  # What the provisioners need; the one that stops the sandbox sees nothing but this.
  input = {
    name            = module.metadata.name
    kubeconfig_path = local.kubeconfig_path
    environment     = merge({ SANDBOX = module.metadata.name }, var.sandbox_home == null ? {} : { KSTACK_HOME = var.sandbox_home })
  }

  provisioner "local-exec" {
    command     = "\"$${KSTACK:-kstack}\" sandbox up \"$SANDBOX\" --quiet"
    interpreter = ["/bin/sh", "-ec"]
    environment = self.input.environment
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "\"$${KSTACK:-kstack}\" sandbox down \"$SANDBOX\""
    interpreter = ["/bin/sh", "-ec"]
    environment = self.input.environment
  }
}
