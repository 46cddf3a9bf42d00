environments = ["ops", "aps", "prod"]
