# One level of the walk. Whether a value is an object is asked as can(length([keys(value)])): the tuple has one
# element even when the keys are not known yet, so the answer is known during the plan.

locals {
  # Every key that a layer has, with what the layers say about it.
  children = {
    for id, object in var.objects : id => {
      for key in distinct(flatten([for layer in object.layers : keys(layer.value)])) : key => {
        at = concat(object.at, [key])

        # A leaf of the known keys is a string: nothing below it is checked.
        known = [
          for known in [can(length([keys(object.known)])) ? lookup(object.known, key, lookup(object.known, "*", null)) : null] :
          can(length([keys(known)])) ? known : null
        ][0]

        layers = [
          for layer in object.layers : { environment = layer.environment, value = layer.value[key] }
          if contains(keys(layer.value), key)
        ]
      }
    }
  }

  # Where the last layer has an object, it merges with the objects right before it: a scalar, a list or a null in
  # between replaced all that was earlier.
  objects_below = merge([
    for children in local.children : {
      for child in children : jsonencode(child.at) => {
        at    = child.at
        known = child.known
        layers = slice(
          child.layers,
          1 + max(-1, [for i, layer in child.layers : i if !can(length([keys(layer.value)]))]...),
          length(child.layers),
        )
      }
      if can(length([keys(reverse(child.layers)[0].value)]))
    }
  ]...)

  # The value of a key that is not an object is what the last layer says. Null is told from a value that is not
  # known yet by functions that refuse it: trimspace() takes scalars and length() collections, neither takes null.
  leaves = {
    for id, children in local.children : id => {
      for key, child in children : key => reverse(child.layers)[0].value
      if !contains(keys(local.objects_below), jsonencode(child.at)) && (
        can(length([trimspace(reverse(child.layers)[0].value)])) || can(length([length(reverse(child.layers)[0].value)]))
      )
    }
  }

  # Only the layer of the environment itself: a mistake is reported once, where it was made.
  own_keys = flatten([
    for object in var.objects : [
      for layer in object.layers : [
        for key in keys(layer.value) : { environment = layer.environment, at = object.at, key = key, known = keys(object.known) }
        if !contains(keys(object.known), key) && !contains(keys(object.known), "*")
      ]
      if layer.environment == object.at[0]
    ]
    if can(length([keys(object.known)]))
  ])

  # Two names are as near as the pairs of neighbouring letters (ends included) and the letters that they share.
  letters = { for name in distinct(flatten([for own in local.own_keys : concat([own.key], own.known)])) : name => distinct(split("", name)) }
  pairs   = { for name in keys(local.letters) : name => distinct([for i in range(length(name) + 1) : substr("^${name}$", i, 2)]) }

  unknown_keys = [
    for own in local.own_keys : merge(own, {
      path = join(".", concat(slice(own.at, 1, length(own.at)), [own.key]))
      scores = {
        for name in own.known : name =>
        length(setintersection(local.pairs[own.key], local.pairs[name])) / (length(local.pairs[own.key]) + length(local.pairs[name])) +
        length(setintersection(local.letters[own.key], local.letters[name])) / (length(local.letters[own.key]) + length(local.letters[name]))
      }
    })
  ]
}
