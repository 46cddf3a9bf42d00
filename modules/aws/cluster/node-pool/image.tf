# Which image the instance types need, read from their names: a family is letters, a generation, and letters for what
# it has, where g is Graviton (m7g, c6gn, x2gd) and a1 is the first of these. Families g, gr and p have NVIDIA GPUs
# (g4ad has others), inf and trn have Neuron devices.

locals {
  architecture_of = {
    for type in local.settings.instance_types : type => join("_", compact([
      can(regex("^(a1|[a-z]+[0-9]+[a-z]*g[a-z]*)\\.", type)) || can(regex("^p[0-9]+e-gb", type)) ? "ARM_64" : "x86_64",
      can(regex("^(g|gr|p)[0-9]", type)) && !startswith(type, "g4ad.") ? "NVIDIA" : can(regex("^(inf|trn)[0-9]", type)) ? "NEURON" : "STANDARD",
    ]))
  }
  architectures = distinct(values(local.architecture_of))

  ami_type = coalesce(local.settings.ami_type, "AL2023_${local.architectures[0]}")

  # The disk that images and containers are on.
  root_device = startswith(local.ami_type, "BOTTLEROCKET_") ? "/dev/xvdb" : "/dev/xvda"
}
