//! What each line says: keys that the module does not know, values of another type, networks that are none.

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Cidr, ModuleCall, Object, Setting, Value, key, known_below, known_type, nearest_key},
};

use super::{listed, networks};

pub(super) fn check(call: &ModuleCall, known: &Object, problems: &mut Vec<Diagnostic>) {
    for entry in call.environments().iter().flat_map(|environments| &environments.entries) {
        if let Value::Object(settings) = &entry.setting.value {
            keys(&entry.key, settings, known, &mut Vec::new(), problems);
        }
    }
}

fn keys(environment: &str, settings: &Object, known: &Object, path: &mut Vec<String>, problems: &mut Vec<Diagnostic>) {
    for entry in &settings.entries {
        path.push(entry.key.clone());
        let name = key(path);
        match (known_below(known, &entry.key), &entry.setting.value) {
            (None, _) => {
                let message =
                    format!("environment `{environment}` has a setting `{name}` that the module does not know");
                let help = match nearest_key(&entry.key, known.keys()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known: {}", listed(known.keys())),
                };
                problems.push(entry.place.problem(message).with_help(help));
            }
            (Some(Setting { value: Value::Object(known), .. }), Value::Object(settings)) => {
                keys(environment, settings, known, path, problems);
            }
            (Some(Setting { value: Value::Object(_), .. }), Value::Null | Value::Expression(_)) => {}
            (Some(Setting { value: Value::Object(_), .. }), other) => {
                let message = format!("`{name}` must be an object, not {}", other.kind());
                problems.push(entry.setting.place.problem(message));
            }
            (Some(leaf), _) => {
                let mut misfits = Vec::new();
                known_type(leaf).fit(&entry.setting, &mut misfits);
                problems.extend(misfits.into_iter().map(|misfit| {
                    let mut problem = misfit.place.problem(format!("`{name}{}` {}", misfit.at, misfit.message));
                    problem.help = misfit.help;
                    problem
                }));
                if networks::is_network(path) {
                    cidrs(&name, path, &entry.setting, problems);
                }
            }
        }
        path.pop();
    }
}

/// Networks in CIDR notation; those that something is cut out of must have no host bits either.
fn cidrs(name: &str, path: &[String], setting: &Setting, problems: &mut Vec<Diagnostic>) {
    match &setting.value {
        Value::List(items) => items.iter().for_each(|item| cidrs(name, path, item, problems)),
        Value::String(text) => match Cidr::parse(text) {
            None => {
                let problem = setting.place.problem(format!("`{name}` is not a network in CIDR notation"));
                let address = text.parse::<std::net::IpAddr>();
                problems.push(match address {
                    Ok(_) => problem.with_help(format!("add how many bits are the network's, such as {text}/32")),
                    Err(_) => problem
                        .with_help("write an address and how many bits of it are the network's, such as 10.0.0.0/16"),
                });
            }
            Some(cidr) if cidr.network() != cidr && path.first().is_some_and(|first| first == "network") => {
                let problem = setting.place.problem(format!("`{name}` has host bits set"));
                problems.push(problem.with_help(format!("did you mean {}?", cidr.network())));
            }
            Some(_) => {}
        },
        _ => {} // of another type, which is told already
    }
}
