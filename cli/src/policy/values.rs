//! The values of a change before and after, put together again from its attributes.

use serde_json::{Map, Value};

use crate::terraform::{ResourceChange, Shown};

/// What stands in the place of a value that is not known before apply.
const UNKNOWN: &str = "(known after apply)";
/// What stands in the place of a sensitive value.
const SENSITIVE: &str = "(sensitive value)";

/// One side of a change. Of a creation or destruction everything is there; of an update only what changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values(Value);

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Values {
    pub(super) fn of(change: &ResourceChange, side: Side) -> Self {
        let mut root = Value::Object(Map::new());
        for attribute in &change.attributes {
            let shown = match side {
                Side::Before => &attribute.before,
                Side::After => &attribute.after,
            };
            let value = match shown {
                Shown::Absent => continue,
                Shown::Unknown => UNKNOWN.into(),
                Shown::Sensitive => SENSITIVE.into(),
                Shown::Value(value) => value.clone(),
            };
            if let Some(place) = steps(&attribute.path).into_iter().try_fold(&mut root, enter) {
                *place = value;
            }
        }
        Self(root)
    }

    pub(super) fn json(&self) -> &Value {
        &self.0
    }

    /// What `name` is, if it changes or is set.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(super) fn is(&self, name: &str, wanted: bool) -> bool {
        self.get(name).and_then(Value::as_bool) == Some(wanted)
    }

    /// The blocks called `name`: providers write one as a list, an object, or a list of lists.
    pub(super) fn blocks(&self, name: &str) -> Vec<&Value> {
        self.get(name).map(flat).unwrap_or_default()
    }
}

/// Whether a value is only known after apply.
pub(super) fn is_unknown(value: &Value) -> bool {
    value == UNKNOWN
}

/// The objects in a value that holds some.
pub(super) fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

/// All texts in a value.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(entries) => entries.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

enum Step {
    Key(String),
    Index(usize),
}

/// How many elements a list is filled up to: a path is made by a plan, which is made by anybody.
const LONGEST: usize = 100_000;

fn enter(value: &mut Value, step: Step) -> Option<&mut Value> {
    match step {
        Step::Key(key) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            Some(value.as_object_mut()?.entry(key).or_insert(Value::Null))
        }
        Step::Index(index) => {
            if !value.is_array() {
                *value = Value::Array(Vec::new());
            }
            let items = value.as_array_mut()?;
            if index >= items.len() {
                items.resize((index + 1).min(LONGEST), Value::Null);
            }
            items.get_mut(index)
        }
    }
}

/// The steps of a path in Terraform's notation, such as `tags["a/b"].c[0]`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            // A key is written as JSON, so the end of it is where a JSON string ends.
            let mut keys = serde_json::Deserializer::from_str(inside).into_iter::<Value>();
            let step = match keys.next() {
                Some(Ok(Value::String(key))) => Step::Key(key),
                Some(Ok(Value::Number(index))) => {
                    Step::Index(index.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(LONGEST))
                }
                // `[*]`: an element of a set, which has no place of its own.
                _ => Step::Index(0),
            };
            let end = keys.byte_offset();
            steps.push(step);
            rest = inside.get(end..).and_then(|rest| rest.split_once(']')).map_or("", |(_, rest)| rest);
        } else {
            let plain = rest.strip_prefix('.').unwrap_or(rest);
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            steps.push(Step::Key(plain[..end].to_owned()));
            rest = &plain[end..];
        }
    }
    steps
}

#[cfg(test)]
pub(super) use tests::change;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::terraform::{Action, AttributeChange, ResourceMode};

    /// A change whose attributes have these paths and values afterwards.
    pub(in crate::policy) fn change(kind: &str, action: Action, after: &[(&str, Value)]) -> ResourceChange {
        ResourceChange {
            address: format!("{kind}.this"),
            previous_address: None,
            mode: ResourceMode::Managed,
            resource_type: kind.to_owned(),
            provider: "hashicorp/aws".to_owned(),
            action,
            reason: None,
            importing: None,
            deposed: None,
            attributes: after
                .iter()
                .map(|(path, value)| AttributeChange {
                    path: (*path).to_owned(),
                    before: Shown::Absent,
                    after: if *value == json!("?") { Shown::Unknown } else { Shown::Value(value.clone()) },
                    forces_replacement: false,
                })
                .collect(),
        }
    }

    #[test]
    fn values_are_put_together_from_paths() {
        let change = change(
            "x",
            Action::Create,
            &[
                ("name", json!("a")),
                ("tags[\"a/b].c\"]", json!("t")),
                ("ingress[1].cidr_blocks", json!(["0.0.0.0/0"])),
                ("ingress[0]", json!({"port": 1})),
                ("arn", json!("?")),
                ("set[*].p", json!(1)),
            ],
        );
        let values = Values::of(&change, Side::After);
        assert_eq!(
            *values.json(),
            json!({"name": "a", "tags": {"a/b].c": "t"}, "arn": "(known after apply)", "set": [{"p": 1}],
                   "ingress": [{"port": 1}, {"cidr_blocks": ["0.0.0.0/0"]}]})
        );
        assert_eq!(values.blocks("ingress").len(), 2);
        assert_eq!(*Values::of(&change, Side::Before).json(), json!({}));
    }

    proptest::proptest! {
        /// No path makes it panic, or fill the memory.
        #[test]
        fn any_path_is_taken(path in "[a-z\\[\\]\".*0-9\\\\]{0,40}") {
            Values::of(&change("x", Action::Create, &[(&path, json!(1))]), Side::After);
        }
    }
}
