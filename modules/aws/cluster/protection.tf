# Deletion protection. EKS's own is not in every version of the provider that this module admits, and prevent_destroy
# takes no variable. So this resource, which Terraform must destroy before anything below it, refuses to go while its
# last applied value says so: switch the setting off, apply, then destroy.
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
    aws_default_security_group.this,
    aws_eks_access_policy_association.this,
    aws_eks_addon.node,
    aws_eks_addon.workload,
    aws_eks_cluster.this,
    aws_eks_fargate_profile.this,
    aws_flow_log.this,
    aws_iam_openid_connect_provider.this,
    aws_iam_role_policy.pod,
    aws_iam_role_policy_attachment.node,
    aws_iam_role_policy_attachment.pod,
    aws_kms_alias.secrets,
    aws_nat_gateway.this,
    aws_route.nodes_out,
    aws_route.public_out,
    aws_route53_record.delegation,
    aws_route53_zone.this,
    aws_route_table_association.control_plane,
    aws_route_table_association.nodes,
    aws_route_table_association.public,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_ipv4_cidr_block_association.this,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}
