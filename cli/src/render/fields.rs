//! Which fields of an object differ. Lists whose items have names are compared by name, as the
//! API server merges them.

use serde::Serialize;
use serde_json::Value;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it is, such as `spec.template.spec.containers[name=app].image`.
    pub path: String,
    /// The value on the old side, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value on the new side, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The fields that differ, in the order of their paths.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                compare(member(&path, key), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => match (names(a), names(b)) {
            (Some(a_names), Some(b_names)) => {
                let already = found.len();
                let find = |items: &'_ [Value], names: &[&str], name: &str| {
                    names.iter().position(|other| *other == name).map(|index| items[index].clone())
                };
                for name in a_names.iter().chain(b_names.iter().filter(|name| !a_names.contains(name))) {
                    let (a, b) = (find(a, &a_names, name), find(b, &b_names, name));
                    compare(format!("{path}[name={name}]"), a.as_ref(), b.as_ref(), found);
                }
                if found.len() == already {
                    // The same items in another order: containers start in order, so it is a change.
                    found.push(FieldChange { path, before: before.cloned(), after: after.cloned() });
                }
            }
            _ if a.len() == b.len() && a.iter().chain(b).all(Value::is_object) => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    compare(format!("{path}[{index}]"), Some(a), Some(b), found);
                }
            }
            _ => found.push(FieldChange { path, before: before.cloned(), after: after.cloned() }),
        },
        _ => found.push(FieldChange { path, before: before.cloned(), after: after.cloned() }),
    }
}

/// The names of the items, if each has one of its own.
fn names(items: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<_> = items.iter().map(|item| item["name"].as_str()).collect::<Option<_>>()?;
    let unique = names.iter().collect::<std::collections::BTreeSet<_>>().len() == names.len();
    unique.then_some(names)
}

fn member(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_items_are_compared_by_name() {
        let before = json!({"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]},
            "metadata": {"labels": {"app.kubernetes.io/name": "x"}}, "args": ["1"]});
        let after = json!({"spec": {"containers": [{"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}]},
            "metadata": {"labels": {"app.kubernetes.io/name": "y"}}, "args": ["1", "2"]});
        let text: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|c| format!("{}: {} -> {}", c.path, c.before.unwrap_or_default(), c.after.unwrap_or_default()))
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        args: ["1"] -> ["1","2"]
        metadata.labels["app.kubernetes.io/name"]: "x" -> "y"
        spec.containers[name=a]: {"name":"a","image":"a:1"} -> null
        spec.containers[name=b].image: "b:1" -> "b:2"
        spec.containers[name=c]: null -> {"name":"c","image":"c:1"}
        "#);
    }

    #[test]
    fn another_order_is_a_change() {
        let (a, b) = (json!({"name": "a"}), json!({"name": "b"}));
        assert_eq!(changes(&json!({"u": 1, "x": [a, b]}), &json!({"u": 2, "x": [b, a]})).len(), 2);
    }
}
