environment = "ops"
