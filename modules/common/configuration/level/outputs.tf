output "objects_below" {
  description = "Objects one level down, as input `objects` of the next level."
  value       = local.objects_below
}

output "merged" {
  description = "The objects of this level, merged, by identifier."
  value = {
    for id, children in local.children : id => merge(local.leaves[id], {
      for key, child in children : key => var.merged_below[jsonencode(child.at)]
      if contains(keys(local.objects_below), jsonencode(child.at))
    })
  }
}

output "unknown_keys" {
  description = "Sentences about the keys that are not known, each with the nearest known key, or all of them if none is near."
  value = [
    for unknown in local.unknown_keys : format(
      "Environment `%s` sets `%s`, which is not a known key; %s",
      unknown.environment,
      unknown.path,
      # 0.55 of 1 is where a typing mistake or a left-out part of a name ends and another word begins.
      max(0, values(unknown.scores)...) >= 0.55
      ? "did you mean `${[for name, score in unknown.scores : name if score == max(values(unknown.scores)...)][0]}`?"
      : "known here: ${join(", ", unknown.known)}.",
    )
  ]
}
