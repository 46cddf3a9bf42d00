locals {
  # Through the resource's output, so that the file is read after the sandbox has written it. Later the file may be
  # gone, for instance on another machine: then the cluster's address is null instead of an error.
  # The leading slash says to readers of the code, kstack among them, that the file is none of the repository.
  kubeconfig = try(yamldecode(file("/${trimprefix(terraform_data.sandbox.output.kubeconfig_path, "/")}")), null)

  # The entries that the current context points at.
  context_name = try(local.kubeconfig["current-context"], null)
  context      = try([for entry in local.kubeconfig.contexts : entry.context if entry.name == local.context_name][0], null)
  server       = try([for entry in local.kubeconfig.clusters : entry.cluster if entry.name == local.context.cluster][0], null)
}
