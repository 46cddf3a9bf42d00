description = "the node pool `general` that karpenter makes nodes for"
providers   = ["aws"]
requires    = ["karpenter"]
