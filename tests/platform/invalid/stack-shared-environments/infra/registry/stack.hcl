shared       = true
environments = ["ops"]
