//! What `kstack explain` shows: settings, where they were set, and what they override.

use serde_json::{Value as Json, json};

use super::{Styles, Table};
use crate::platform::configuration::{Explanation, Origin, Place, Settled, Source, Value};

/// The settings of a module call as a table; environments that agree share a line. `environments` is how many were
/// asked for.
pub fn table(styles: Styles, explanation: &Explanation<'_>, environments: usize) -> String {
    let Explanation { call, module, settings, untold } = explanation;
    let mut text =
        format!("{} {}\n", styles.bold(&call.name), styles.dim(format!("{}, called at {}", call.module, call.place)));
    for environment in untold {
        text += &format!("only Terraform can tell the settings of {environment}: {}\n", call.configuration.value);
    }
    if let [(_, by_environment)] = settings.as_slice()
        && let Some((kind, meaning)) = by_environment.first().and_then(|(_, settled)| module.meaning(&settled.path))
    {
        text += &format!("{}\n", styles.dim(meaning.map_or(kind.clone(), |meaning| format!("{kind}: {meaning}"))));
    }
    let mut table = Table::new(styles, &["SETTING", "ENVIRONMENT", "VALUE", "SET AT", "INSTEAD OF"]);
    for (key, by_environment) in settings {
        let mut groups: Vec<(Vec<&str>, &Settled)> = Vec::new();
        for (environment, settled) in by_environment {
            match groups.iter_mut().find(|(_, known)| *known == settled) {
                Some((names, _)) => names.push(environment),
                None => groups.push((vec![environment], settled)),
            }
        }
        for (index, (names, settled)) in groups.iter().enumerate() {
            let whose =
                if names.len() == environments && environments > 1 { "all".to_owned() } else { names.join(", ") };
            let key = match (index, key.as_str()) {
                (0, "") => "(all)".to_owned(), // an environment that is an expression
                (0, key) => key.to_owned(),
                _ => String::new(),
            };
            let value =
                if settled.origin == Origin::Missing { styles.error("missing") } else { settled.value.to_string() };
            let overridden = settled.overridden.iter().map(|Source { environment, setting }| {
                format!("{} {}", setting.value, styles.dim(format!("of {environment}, {}", setting.place)))
            });
            table.row([key, whose, value, origin(settled, styles), overridden.collect::<Vec<_>>().join("; ")]);
        }
    }
    text + &table.render()
}

fn origin(settled: &Settled, styles: Styles) -> String {
    match &settled.origin {
        Origin::Set { environment, place } => format!("{place} {}", styles.dim(format!("in {environment}"))),
        Origin::Open { place } => format!("{place} {}", styles.dim("may have more keys")),
        Origin::Default(Some(place)) => styles.dim(format!("default, {place}")),
        Origin::Default(None) => styles.dim("default"),
        Origin::Missing => "the module needs it".to_owned(),
    }
}

/// The settings of a module call as documents, one for each key and environment.
pub fn documents(stack: &str, explanation: &Explanation<'_>) -> Vec<Json> {
    let line = |place: &Place| json!({ "file": place.file.path, "line": place.line() });
    let mut documents = Vec::new();
    for (key, by_environment) in &explanation.settings {
        for (environment, settled) in by_environment {
            let (origin, by) = match &settled.origin {
                Origin::Set { environment, .. } => ("set", Some(environment)),
                Origin::Open { .. } => ("open", None),
                Origin::Default(_) => ("default", None),
                Origin::Missing => ("missing", None),
            };
            let overridden = settled.overridden.iter().map(|Source { environment, setting }| {
                with_value(json!({ "environment": environment, "at": line(&setting.place) }), &setting.value)
            });
            let document = json!({
                "type": "setting", "version": 1, "stack": stack, "module": explanation.call.name, "key": key,
                "environment": environment, "origin": origin, "set_in": by, "at": settled.place().map(line),
                "overridden": overridden.collect::<Vec<_>>(),
            });
            documents.push(with_value(document, &settled.value));
        }
    }
    documents
}

/// `document` with `value`, or with `expression` where only Terraform can tell.
fn with_value(mut document: Json, value: &Value) -> Json {
    match value.to_json() {
        Some(known) => document["value"] = known,
        None => document["expression"] = value.to_string().into(),
    }
    document
}
