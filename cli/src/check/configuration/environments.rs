//! The environments of a module call: that they exist, are all there, and inherit as they can.

use crate::{
    hcl::{Diagnostic, did_you_mean, nearest},
    platform::{
        Platform, Stack,
        configuration::{InheritError, Inheritance, ModuleCall, Object, Place, Value},
    },
};

use super::{is_suggested, listed};

pub(super) fn check(platform: &Platform, stack: &Stack, call: &ModuleCall, problems: &mut Vec<Diagnostic>) {
    let configuration = match &call.configuration.value {
        Value::Object(configuration) => configuration,
        Value::Expression(_) => return, // composed in a way that only Terraform can tell
        other => {
            let message = format!("`configuration` must be an object by environment, not {}", other.kind());
            problems.push(call.configuration.place.problem(message).with_help("write `{ apps = { … } }`"));
            return;
        }
    };
    let inheritance = call.inheritance();
    names(platform, call, configuration, problems);
    for entry in &configuration.entries {
        if !matches!(entry.setting.value, Value::Object(_) | Value::Expression(_)) {
            let found = entry.setting.value.kind();
            let message = format!("the settings of environment `{}` must be an object, not {found}", entry.key);
            problems.push(entry.setting.place.problem(message).with_help("write `{}` to inherit everything"));
        }
    }
    let Some(inheritance) = inheritance else { return };
    if base(call, configuration, &inheritance, problems) & parents(call, configuration, problems) {
        chains(call, configuration, problems);
        complete(platform, stack, call, configuration, &inheritance, problems);
    }
}

/// Environments must be in `kstack.hcl`, unless others are said to inherit from them.
fn names(platform: &Platform, call: &ModuleCall, configuration: &Object, problems: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = platform.environments.iter().map(|environment| environment.name.as_str()).collect();
    let base = call.base.as_ref().and_then(|base| base.value.as_str());
    let parents = call.inherits.iter().filter_map(|inherits| inherits.value.as_object());
    let parents: Vec<&str> =
        parents.flat_map(|parents| &parents.entries).filter_map(|entry| entry.setting.value.as_str()).collect();
    for entry in &configuration.entries {
        let name = entry.key.as_str();
        if !known.contains(&name) && base != Some(name) && !parents.contains(&name) {
            problems.push(unknown(&entry.place, format!("environment `{name}` is not in `kstack.hcl`"), name, &known));
        }
    }
}

fn base(call: &ModuleCall, configuration: &Object, inheritance: &Inheritance, problems: &mut Vec<Diagnostic>) -> bool {
    let base = inheritance.base.as_str();
    if configuration.get(base).is_some() {
        return true;
    }
    let place = call.base.as_ref().map_or(&call.key, |base| &base.place);
    if is_suggested(problems, place, base) {
        return false; // it is there, with a typing mistake
    }
    let known: Vec<&str> = configuration.keys().collect();
    let message = format!("the configuration has no environment `{base}`, which all others inherit from");
    let problem = place.problem(message);
    problems.push(match nearest(base, known.iter().copied()) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem.with_help(format!(
            "add `{base} = {{ … }}`, or name another one in `configuration_base_key`: {}",
            listed(known)
        )),
    });
    false
}

/// Both sides of `inherits` must be in the configuration.
fn parents(call: &ModuleCall, configuration: &Object, problems: &mut Vec<Diagnostic>) -> bool {
    let known: Vec<&str> = configuration.keys().collect();
    let before = problems.len();
    let entries = call.inherits.iter().filter_map(|inherits| inherits.value.as_object()).flat_map(|map| &map.entries);
    for entry in entries {
        let parent = entry.setting.value.as_str().map(|parent| (&entry.setting.place, parent));
        for (place, name) in [Some((&entry.place, entry.key.as_str())), parent].into_iter().flatten() {
            if !known.contains(&name) {
                let message = format!("the configuration has no environment `{name}`");
                problems.push(unknown(place, message, name, &known));
            }
        }
    }
    problems.len() == before
}

/// Chains must end, and stay in the limits of the module.
fn chains(call: &ModuleCall, configuration: &Object, problems: &mut Vec<Diagnostic>) {
    for entry in &configuration.entries {
        let Err(error) = call.effective(&entry.key) else { continue };
        let inherits = call.inherits.as_ref().and_then(|inherits| inherits.value.as_object());
        let place = inherits.and_then(|inherits| inherits.entry(&entry.key)).unwrap_or(entry).place.clone();
        let stop = !matches!(error, InheritError::TooDeep { .. });
        problems.push(place.problem(error.to_string()));
        if stop {
            return; // the others of the cycle would say the same
        }
    }
}

/// Each environment of the stack needs its settings, be they empty.
fn complete(
    platform: &Platform,
    stack: &Stack,
    call: &ModuleCall,
    configuration: &Object,
    inheritance: &Inheritance,
    problems: &mut Vec<Diagnostic>,
) {
    let by_variable = |value: &Value| matches!(value, Value::Expression(source) if source == "var.environment");
    if !call.environment.as_ref().is_some_and(|environment| by_variable(&environment.value)) {
        return; // which environment it takes is not known
    }
    for instance in stack.instances(&platform.environments) {
        let Some(name) = instance.environment else { continue };
        if configuration.get(name.as_str()).is_none() && !is_suggested(problems, &call.key, name.as_str()) {
            let message = format!("the configuration has no environment `{name}`");
            let parent = inheritance.parent(name.as_str()).unwrap_or(&inheritance.base);
            let help = format!("add `{name} = {{}}` to inherit everything from `{parent}`");
            problems.push(call.key.problem(message).with_help(help));
        }
    }
}

fn unknown(place: &Place, message: String, name: &str, known: &[&str]) -> Diagnostic {
    let mut problem = place.problem(message);
    problem.help = did_you_mean(name, known);
    problem
}
