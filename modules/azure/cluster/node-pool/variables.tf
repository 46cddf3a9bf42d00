variable "configuration" {
  description = "Settings of the node pool in each environment: a map from environment to an object with the keys of the README."
  type        = any # shapes differ between environments; every key is checked after inheritance
  nullable    = false
}

variable "environment" {
  description = "Infrastructure environment to create, such as apps or ops."
  type        = string
  nullable    = false
}

variable "configuration_base_key" {
  description = "Environment that all others inherit from."
  type        = string
  default     = "apps"
  nullable    = false
}

variable "inherits" {
  description = "Parent of an environment, where it is not the base: environment to parent."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cluster" {
  description = "Output node_pool_context of the cluster module: what a pool must know about its cluster."
  type = object({
    id                    = string
    name                  = string
    kubernetes_version    = optional(string) # null: AKS chooses
    availability_zones    = list(string)
    node_subnet_id        = string
    autoscaling           = bool # false: nodes come by need, no pool grows by itself
    identity_principal_id = string
    labels                = map(string)
    tags                  = map(string)

    network = optional(object({
      resource_group    = string
      vnet_name         = string
      cidr              = string
      subnets           = list(string)
      service_endpoints = list(string)
      nat_gateway_ids   = list(string) # none or one: the way out of subnets
    }))
  })
  nullable = false
}
