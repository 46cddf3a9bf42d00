after = ["registry"]
