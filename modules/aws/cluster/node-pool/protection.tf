# Deletion protection, as that of the cluster, which does not keep its pools: Terraform must destroy this resource before
# the pool, and it refuses to go while its last applied value says so. A pool can still be replaced.
resource "terraform_data" "deletion_guard" {
  input = {
    name      = local.full
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

  depends_on = [aws_eks_node_group.this]
}
