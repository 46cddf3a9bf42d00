variable "configuration" {
  type = object({
    name_prefix        = string
    base_domain        = string
    region             = string
    availability_zones = list(string)
    kubernetes_version = optional(string)

    network = optional(object({
      cidr        = optional(string, "10.0.0.0/16")
      avoid_cidrs = optional(list(string), [])
    }), {})
  })
}
