# Deletion protection. AKS has none of its own, prevent_destroy takes no variable, and a management lock on the cluster
# would also stop pools from being replaced. So this resource, which Terraform must destroy before anything below it,
# refuses to go while its last applied value says so: switch the setting off, apply, then destroy.
resource "terraform_data" "deletion_guard" {
  input = {
    name      = local.name
    protected = local.settings.deletion_protection
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-ec"]
    command     = "if [ \"$PROTECTED\" = true ]; then echo \"$NAME has deletion_protection: apply it as false first\" >&2; exit 1; fi"
    environment = {
      NAME      = self.input.name
      PROTECTED = self.input.protected
    }
  }

  depends_on = [
    azurerm_disk_encryption_set.this,
    azurerm_dns_zone.this,
    azurerm_federated_identity_credential.service,
    azurerm_key_vault_key.disks,
    azurerm_key_vault_key.secrets,
    azurerm_kubernetes_cluster.this,
    azurerm_monitor_data_collection_rule_association.containers,
    azurerm_monitor_diagnostic_setting.control_plane,
    azurerm_public_ip.ingress,
    azurerm_role_assignment.access,
    azurerm_role_assignment.creator,
    azurerm_role_assignment.registries,
    azurerm_role_assignment.service,
    azurerm_role_assignment.user,
  ]
}
