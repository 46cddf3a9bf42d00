//! Terraform's JSON syntax → facts (<https://developer.hashicorp.com/terraform/language/syntax/json>).

use serde_json::{Map, Value};

use super::facts::{Call, Facts, Found, Required, construct_of, implied, is_endpoint, local_name, provisioner};

pub(super) fn facts(document: &Value) -> Facts {
    let mut facts = Facts::default();
    for (kind, value) in objects(document).flatten() {
        match kind.as_str() {
            "resource" | "data" | "ephemeral" | "action" | "list" => resources(&mut facts, kind, value),
            "check" => {
                for (_, body) in objects(value).flatten() {
                    let bodies = objects(body).filter_map(|body| body.get("data"));
                    bodies.for_each(|data| resources(&mut facts, "data", data));
                }
            }
            "module" => {
                for (name, source) in named(value).filter_map(|(name, body)| Some((name, body.get("source")?))) {
                    let source = source.as_str().filter(|source| !source.contains("${")).map(ToOwned::to_owned);
                    facts.modules.push(Call { name: name.clone(), source, line: None });
                }
            }
            "provider" => named(value).for_each(|(name, body)| provider(&mut facts, name, body)),
            "terraform" => objects(value).flatten().for_each(|(kind, value)| setting(&mut facts, kind, value)),
            _ => {}
        }
    }
    facts
}

/// The objects that a value is, or is a list of.
fn objects(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    items.iter().filter_map(Value::as_object)
}

/// Names and bodies of blocks with one label.
fn named(value: &Value) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    objects(value).flatten().flat_map(|(name, bodies)| objects(bodies).map(move |body| (name, body)))
}

fn found(construct: &'static str, what: String, body: &Map<String, Value>) -> Found {
    Found { construct, what, text: Value::Object(body.clone()).to_string(), line: None }
}

fn resources(facts: &mut Facts, kind: &str, value: &Value) {
    for (resource_type, instances) in objects(value).flatten() {
        for (name, body) in named(instances) {
            if let Some(construct) = construct_of(kind, resource_type) {
                facts.found.push(found(construct, format!("{kind} `{resource_type}.{name}`"), body));
            }
            match body.get("provider").and_then(Value::as_str) {
                Some(provider) => facts.uses(local_name(provider)),
                None => facts.uses(implied(resource_type)),
            }
            for (run, arguments) in body.get("provisioner").into_iter().flat_map(named) {
                let what = format!("provisioner `{run}` of `{resource_type}.{name}`");
                facts.found.push(found(provisioner(run), what, arguments));
            }
        }
    }
}

fn provider(facts: &mut Facts, name: &str, body: &Map<String, Value>) {
    facts.uses(name);
    if has_key(body, &|key| key == "exec") {
        facts.found.push(found("provider-exec", format!("`exec` of provider `{name}`"), body));
    }
    let for_clusters = ["kubernetes", "helm", "kubectl"].contains(&name);
    if has_key(body, &|key| is_endpoint(key) && !(for_clusters && ["host", "proxy_url"].contains(&key))) {
        facts.found.push(found("provider-endpoint", format!("another address for provider `{name}`"), body));
    }
}

fn setting(facts: &mut Facts, kind: &str, value: &Value) {
    match kind {
        "required_providers" => {
            for (local, entry) in objects(value).flatten() {
                let source = entry.get("source").and_then(Value::as_str);
                let source = source.map_or_else(|| format!("hashicorp/{local}"), ToOwned::to_owned);
                facts.required.insert(local.clone(), Required { source, line: None });
            }
        }
        "backend" => {
            for (name, body) in named(value) {
                facts.backends.push(found("backend", format!("`backend` {name}"), body));
            }
        }
        "cloud" => facts.backends.extend(objects(value).map(|body| found("cloud", "`cloud`".to_owned(), body))),
        "encryption" => {
            for (kind, blocks) in objects(value).flatten() {
                for body in objects(blocks).filter_map(|labels| labels.get("external")).flat_map(objects) {
                    facts.found.push(found("external", format!("`{kind}` `external` of `encryption`"), body));
                }
            }
        }
        _ => {}
    }
}

fn has_key(body: &Map<String, Value>, wanted: &dyn Fn(&str) -> bool) -> bool {
    body.iter().any(|(key, value)| wanted(key) || objects(value).any(|inner| has_key(inner, wanted)))
}
