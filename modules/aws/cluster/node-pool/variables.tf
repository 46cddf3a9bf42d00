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
    name               = string
    kubernetes_version = string
    node_role_arn      = string
    endpoint           = string
    ca_certificate     = string
    service_cidr       = string
    security_group_id  = string
    node_subnet_ids    = map(list(string)) # by availability zone
    labels             = map(string)
    tags               = map(string)

    network = optional(object({
      vpc_id          = string
      cidrs           = list(string)
      subnet_cidrs    = list(string)
      route_table_ids = map(string) # by availability zone
    }))
  })
  nullable = false
}
