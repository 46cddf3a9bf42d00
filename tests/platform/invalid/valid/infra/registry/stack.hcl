environments = ["ops"]
after        = ["network"]
