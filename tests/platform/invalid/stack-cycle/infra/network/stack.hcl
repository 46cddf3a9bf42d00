after = ["dns"]
