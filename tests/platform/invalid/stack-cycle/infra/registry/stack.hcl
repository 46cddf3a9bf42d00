after = ["network"]
