description = 1
shared      = "yes"
after       = "network"
watch       = [1]
