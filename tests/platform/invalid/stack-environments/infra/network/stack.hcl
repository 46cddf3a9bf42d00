environments = []
