output "current_config" {
  description = "Effective settings of the environment, after inheritance."
  value       = module.configuration.current
}

output "node_pool" {
  description = "The pool: its name at EKS, scaling group, image type, subnets and launch template."
  value = {
    name                 = aws_eks_node_group.this.node_group_name
    arn                  = aws_eks_node_group.this.arn
    autoscaling_groups   = flatten([for resources in aws_eks_node_group.this.resources : resources.autoscaling_groups[*].name])
    ami_type             = local.ami_type
    subnet_ids           = local.subnet_ids
    launch_template_id   = aws_launch_template.this.id
    launch_template_name = aws_launch_template.this.name
  }
}
