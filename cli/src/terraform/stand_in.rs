//! A state that stands in for one that does not exist yet: the outputs that a plan will bring about.
//!
//! What reads it can be previewed before the plan is applied. What is known is real; what is known only after the apply,
//! or is a new secret, is made up, so nothing that was planned from such a state may ever be applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    ChangeList, PlanFile, PlanFileError, Shown,
    cell::{Cell, Content},
    plan_proto::{DynamicValue, OutputChange},
    plan_value,
};

/// The text that stands for what is not known.
const NOT_KNOWN: &str = "kstack-not-known-yet";

/// The text that stands for a new secret. Another one, so that what is merely unknown is not taken for it; and it begins
/// with [`NOT_KNOWN`].
const SECRET: &str = "kstack-not-known-yet-secret";

/// The numbers of actions in plan files (internal/plans/planproto/planfile.proto).
const NO_OP: i32 = 0;
const DELETE: i32 = 5;

/// The outputs of a state after its plan. They hold secrets in clear, so they cannot be printed.
#[derive(Clone)]
pub struct StandIn {
    outputs: Map<String, Value>,
    changed: BTreeSet<String>,
    exists: bool,
}

impl std::fmt::Debug for StandIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { changed, exists, .. } = self;
        f.debug_struct("StandIn").field("changed", changed).field("exists", exists).finish_non_exhaustive()
    }
}

impl StandIn {
    /// What the state will say once `plan` is applied.
    ///
    /// # Errors
    /// [`PlanFileError::Unsupported`] when the plan holds something that is not known.
    pub fn of(plan: &PlanFile) -> Result<Self, PlanFileError> {
        let (mut outputs, mut changed) = (plan.state_outputs()?, BTreeSet::new());
        for OutputChange { name, change, sensitive } in plan.output_changes() {
            let unsupported = |what: &str| PlanFileError::Unsupported(format!("an output {what}"));
            let change = change.as_ref().ok_or_else(|| unsupported("without a change"))?;
            if change.action != NO_OP {
                changed.insert(name.clone());
            }
            if change.action == DELETE {
                outputs.remove(name);
                continue;
            }
            // The value after the change is the last one of every other action.
            let value = change.values.last().ok_or_else(|| unsupported("without its value"))?;
            let (mut value, kind) = filled(value).map_err(|_| unsupported("of another kind"))?;
            // Terraform forgets on the way through `terraform_remote_state` that a value is sensitive: a preview would
            // show it.
            if *sensitive && change.action != NO_OP {
                value = made_up_of(Some(&kind_of(&value)), SECRET);
            }
            outputs.insert(name.clone(), json!({ "value": value, "type": kind, "sensitive": sensitive }));
        }
        Ok(Self { outputs, changed, exists: !plan.state().lineage.is_empty() })
    }

    /// One without values, whose plan changes `changed`.
    #[cfg(test)]
    pub(crate) fn made_of(changed: &[&str], exists: bool) -> Self {
        let changed = changed.iter().map(|name| (*name).to_owned()).collect();
        Self { outputs: Map::new(), changed, exists }
    }

    /// The outputs that the plan changes, adds or removes.
    pub fn changed(&self) -> &BTreeSet<String> {
        &self.changed
    }

    /// Whether there is a state already.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// A state file with nothing but the outputs. It holds what is sensitive in clear.
    pub fn state(&self) -> Vec<u8> {
        // The format of internal/states/statefile/version4.go.
        let state = json!({
            "version": 4,
            "terraform_version": "1.0.0",
            "serial": 1,
            "lineage": NOT_KNOWN,
            "outputs": self.outputs,
            "resources": [],
            "check_results": null,
        });
        state.to_string().into_bytes()
    }
}

impl ChangeList {
    /// Shows what was made up for a [`StandIn`] as what it is: not known yet. Returns whether the addresses are real:
    /// one that has something made up in it may be any number of others.
    pub fn unmask_stand_ins(&mut self) -> bool {
        let shown = |shown: &mut Shown| {
            if matches!(shown, Shown::Value(value) if made_up(value)) {
                *shown = Shown::Unknown;
            }
        };
        for change in self.resources.iter_mut().chain(&mut self.drift) {
            change.attributes.iter_mut().for_each(|attribute| shown(&mut attribute.after));
        }
        self.outputs.iter_mut().for_each(|output| shown(&mut output.after));
        !self.resources.iter().any(|change| change.address.contains(NOT_KNOWN))
    }
}

/// Whether something in `value` is made up.
fn made_up(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(NOT_KNOWN),
        Value::Array(items) => items.iter().any(made_up),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains(NOT_KNOWN) || made_up(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value with its unknown parts made up, and its type in go-cty's JSON form.
fn filled(value: &DynamicValue) -> Result<(Value, Value), plan_value::Malformed> {
    let kind = plan_value::kind(value)?;
    let value = fill(&plan_value::decode(value)?, kind.as_ref());
    let kind = kind.filter(|kind| !is_open(kind)).unwrap_or_else(|| kind_of(&value));
    Ok((value, kind))
}

fn fill(cell: &Cell, kind: Option<&Value>) -> Value {
    match &cell.content {
        Content::Unknown => made_up_of(kind, NOT_KNOWN),
        Content::Null => Value::Null,
        Content::Plain(value) => value.clone(),
        Content::List(items) => {
            items.iter().enumerate().map(|(index, item)| fill(item, plan_value::element(kind, index))).collect()
        }
        Content::Map(entries) => {
            let entry = |(key, cell): (&String, &Cell)| (key.clone(), fill(cell, plan_value::attribute(kind, key)));
            Value::Object(entries.iter().map(entry).collect())
        }
    }
}

/// A value of `kind` that says `text`. Of a collection it has one element: none would hide what is made for each.
fn made_up_of(kind: Option<&Value>, text: &str) -> Value {
    match kind {
        Some(Value::String(name)) if name == "number" => 1.into(),
        Some(Value::String(name)) if name == "bool" => true.into(),
        Some(Value::Array(parts)) => match (parts.first().and_then(Value::as_str), parts.get(1)) {
            (Some("list" | "set"), element) => Value::Array(vec![made_up_of(element, text)]),
            (Some("map"), element) => Value::Object(Map::from_iter([(text.to_owned(), made_up_of(element, text))])),
            (Some("tuple"), Some(Value::Array(kinds))) => {
                kinds.iter().map(|kind| made_up_of(Some(kind), text)).collect()
            }
            (Some("object"), Some(Value::Object(kinds))) => {
                kinds.iter().map(|(name, kind)| (name.clone(), made_up_of(Some(kind), text))).collect()
            }
            _ => text.into(),
        },
        _ => text.into(),
    }
}

/// Whether a part of the type is left open: then only the value tells.
fn is_open(kind: &Value) -> bool {
    match kind {
        Value::String(name) => name == "dynamic",
        Value::Array(parts) => parts.iter().any(is_open),
        Value::Object(kinds) => kinds.values().any(is_open),
        _ => true,
    }
}

fn kind_of(value: &Value) -> Value {
    match value {
        Value::Null => "dynamic".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => json!(["tuple", items.iter().map(kind_of).collect::<Vec<_>>()]),
        Value::Object(entries) => {
            let kinds: BTreeMap<_, _> = entries.iter().map(|(name, value)| (name, kind_of(value))).collect();
            json!(["object", kinds])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_value_has_the_type_that_is_promised() {
        for (kind, value) in [
            (json!("string"), json!(NOT_KNOWN)),
            (json!("dynamic"), json!(NOT_KNOWN)),
            (json!("number"), json!(1)),
            (json!("bool"), json!(true)),
            (json!(["list", "string"]), json!([NOT_KNOWN])),
            (json!(["map", "number"]), json!({ NOT_KNOWN: 1 })),
            (json!(["tuple", ["bool", "string"]]), json!([true, NOT_KNOWN])),
            (
                json!(["object", { "id": "string", "zones": ["set", "number"] }]),
                json!({ "id": NOT_KNOWN, "zones": [1] }),
            ),
        ] {
            assert_eq!(made_up_of(Some(&kind), NOT_KNOWN), value, "{kind}");
        }
        let known = Cell::from_json(json!({ "id": "vpc-1", "size": 3 }));
        let Content::Map(mut entries) = known.content else { panic!() };
        entries.insert("arn".to_owned(), Cell::new(Content::Unknown));
        let value = fill(&Cell::new(Content::Map(entries)), None);
        assert_eq!(value, json!({ "id": "vpc-1", "size": 3, "arn": NOT_KNOWN }));
        assert_eq!(kind_of(&value), json!(["object", { "id": "string", "size": "number", "arn": "string" }]));
        assert!(is_open(&json!(["map", "dynamic"])) && !is_open(&json!(["map", "string"])));
    }

    #[test]
    fn what_is_made_up_is_found_however_deep() {
        assert!(made_up(&json!({ "a": [{ "b": format!("arn:{NOT_KNOWN}:x") }] })));
        assert!(made_up(&json!({ NOT_KNOWN: 1 })));
        assert!(!made_up(&json!({ "a": [1, null, true, "x"] })));
    }
}
