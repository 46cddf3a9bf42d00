//! What `kstack outputs` shows: the outputs of instances, with what is sensitive masked unless it is asked for.

use serde_json::{Value as Json, json};

use super::{Styles, Table};
use crate::{
    pipeline::InstanceOutputs,
    review::visible,
    terraform::{StateFile, StateOutput},
};

/// Stands for a value that was not asked for.
const MASKED: &str = "(sensitive)";

/// A table with a line for each output that `wanted` lets through. An instance without any has a line that says so.
pub fn table(
    styles: Styles,
    instances: &[InstanceOutputs],
    wanted: impl Fn(&str) -> bool,
    show_sensitive: bool,
) -> String {
    let mut table = Table::new(styles, &["STACK", "ENVIRONMENT", "OUTPUT", "VALUE"]);
    for InstanceOutputs { instance, state, .. } in instances {
        let environment = instance.environment.as_ref().map_or("shared", |name| name.as_str());
        let mut row = |name: &str, value: String| {
            table.row([instance.stack.to_string(), environment.to_owned(), visible(name), value]);
        };
        match state {
            Err(_) => row("", styles.error("(cannot be read)")),
            Ok(None) => row("", styles.dim("(no state yet)")),
            Ok(Some(state)) if state.outputs.is_empty() => row("", styles.dim("(no outputs)")),
            Ok(Some(StateFile { outputs, .. })) => {
                for (name, output) in outputs.iter().filter(|(name, _)| wanted(name)) {
                    let masked = output.sensitive && !show_sensitive;
                    row(name, if masked { styles.dim(MASKED) } else { line(&output.value) });
                }
            }
        }
    }
    table.render()
}

/// One value for people, over as many lines as it takes.
pub fn value(styles: Styles, output: &StateOutput, show_sensitive: bool) -> String {
    match &output.value {
        _ if output.sensitive && !show_sensitive => styles.dim(MASKED),
        Json::String(text) => text.lines().map(visible).collect::<Vec<_>>().join("\n"),
        value => format!("{value:#}").lines().map(visible).collect::<Vec<_>>().join("\n"),
    }
}

/// One value for programs; `None` for what has no one form as text.
pub fn raw(output: &StateOutput) -> Option<String> {
    match &output.value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(output.value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The instance as a document.
pub fn document(found: &InstanceOutputs, wanted: impl Fn(&str) -> bool, show_sensitive: bool) -> Json {
    let output = |(name, output): (&String, &StateOutput)| {
        let mut fields = json!({ "sensitive": output.sensitive });
        if show_sensitive || !output.sensitive {
            fields["value"] = output.value.clone();
        }
        (name.clone(), fields)
    };
    let outputs = |state: &StateFile| -> serde_json::Map<String, Json> {
        state.outputs.iter().filter(|(name, _)| wanted(name)).map(output).collect()
    };
    let state = found.readable();
    let mut document = json!({
        "type": "outputs", "version": 1, "instance": found.instance, "state": found.location,
        "serial": state.map(|state| state.serial), "outputs": state.map(outputs),
    });
    if let Some(problem) = found.problem() {
        document["error"] = problem.into();
    }
    document
}

/// A value in one line. A text that would look like something else, or span lines, is quoted.
fn line(value: &Json) -> String {
    match value {
        Json::String(text) if is_plain(text) => visible(text),
        value => visible(&value.to_string()),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(char::is_control)
        && serde_json::from_str::<Json>(text).is_err()
}
