description = "What all clusters share"
shared      = true
watch       = ["policies/network.json"]
protect     = ["aws_vpc.this", "module.dns"]
