watch   = ["../other", "/etc/hosts", "", "policies"]
protect = ["", "aws_vpc", "aws_vpc.a b", "aws_vpc.this"]
