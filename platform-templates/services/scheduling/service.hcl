description = "priority classes: what is evicted last when nodes run out"
standard    = "everywhere"
