//! Secrets are compared but never shown: neither value, nor length, nor hash.

use serde_json::Value;

use super::ObjectId;

const HIDDEN: &str = "(sensitive)";
const CHANGED: &str = "(sensitive, changed)";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The two sides of an object as they may be shown. A hidden value that differs reads
/// `(sensitive, changed)` on the new side, so that the difference is still seen.
pub(super) fn masked(id: &ObjectId, before: Option<&Value>, after: Option<&Value>) -> (Option<Value>, Option<Value>) {
    // By kind alone: whatever else calls itself a Secret holds secrets too.
    if id.kind != "Secret" {
        return (before.cloned(), after.cloned());
    }
    (before.map(|object| hide(object, None)), after.map(|object| hide(object, before)))
}

fn hide(object: &Value, other: Option<&Value>) -> Value {
    let mut shown = object.clone();
    for field in ["data", "stringData", "binaryData"] {
        if let Some(value) = shown.get_mut(field) {
            hide_values(value, other.map(|other| &other[field]));
        }
    }
    if let Some(value) = shown.pointer_mut("/metadata/annotations").and_then(|map| map.get_mut(LAST_APPLIED)) {
        hide_values(value, other.map(|other| &other["metadata"]["annotations"][LAST_APPLIED]));
    }
    shown
}

fn hide_values(value: &mut Value, other: Option<&Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                // A key that is new is seen to be so; it needs no `changed`.
                hide_values(value, other.and_then(|other| other.get(key)));
            }
        }
        value => {
            let changed = other.is_some_and(|other| other != value);
            *value = Value::String(if changed { CHANGED } else { HIDDEN }.to_owned());
        }
    }
}
