after = ["netwrok", "registry", "network", "network", "dns-zone", ""]
