//! The change list from `terraform show -json` of a saved plan
//! (<https://developer.hashicorp.com/terraform/internals/json-format>): for plans that the native
//! reader does not know, and its oracle in tests.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Action, ChangeList, CheckResult, CheckStatus, OutputChange, ResourceMode, Shown,
    cell::{Cell, Content, Step},
    diff,
    raw_change::{RawChange, finish_all, finish_checks, finish_drift},
};

/// Why the document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// It is no such document.
    #[error("the output of `show -json` cannot be read")]
    Invalid {
        /// Why.
        source: serde_json::Error,
    },
    /// Its major version is another.
    #[error("the output of `show -json` has format `{found}`, only 1.x is known")]
    Format {
        /// Its version.
        found: String,
    },
    /// A check came out in a way that kstack does not know.
    #[error("the check of `{address}` has the unknown status `{status}`")]
    Status {
        /// What is checked.
        address: String,
        /// What came of it.
        status: String,
    },
    /// It has a combination of actions that kstack does not know.
    #[error("`{address}` has the unknown actions `{actions}`")]
    Actions {
        /// The resource.
        address: String,
        /// The actions, with commas between them.
        actions: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    format_version: String,
    resource_changes: Vec<Resource>,
    resource_drift: Vec<Resource>,
    output_changes: BTreeMap<String, Change>,
    checks: Vec<Checks>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Checks {
    instances: Vec<Check>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Check {
    address: CheckAddress,
    status: String,
    problems: Vec<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CheckAddress {
    to_display: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    address: String,
    previous_address: Option<String>,
    mode: String,
    r#type: String,
    provider_name: String,
    deposed: Option<String>,
    change: Change,
    action_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    actions: Vec<String>,
    before: Value,
    after: Value,
    after_unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
    replace_paths: Vec<Vec<Value>>,
    importing: Option<Importing>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Importing {
    id: String,
    identity: Value,
}

/// Reads the document.
///
/// # Errors
/// [`ShowError`].
pub fn changes_from_show_json(json: &[u8]) -> Result<ChangeList, ShowError> {
    let document: Document = serde_json::from_slice(json).map_err(|source| ShowError::Invalid { source })?;
    if !document.format_version.starts_with("1.") {
        return Err(ShowError::Format { found: document.format_version });
    }
    let resources = document.resource_changes.into_iter().map(Resource::raw).collect::<Result<Vec<_>, _>>()?;
    let drift = document.resource_drift.into_iter().map(Resource::raw).collect::<Result<Vec<_>, _>>()?;
    let mut outputs = Vec::new();
    for (name, change) in document.output_changes {
        if action(&name, &change.actions)?.is_some() {
            let (before, after) = change.cells();
            let sensitive = before.sensitive || after.sensitive;
            let shown = |cell: &Cell| match diff::whole(cell) {
                Shown::Absent => Shown::Absent,
                _ if sensitive => Shown::Sensitive,
                shown => shown,
            };
            let (before, after) = (shown(&before), shown(&after));
            outputs.push(OutputChange { name, before, after });
        }
    }
    let checks = document.checks.into_iter().flat_map(|check| check.instances).map(Check::result);
    let checks = finish_checks(checks.collect::<Result<Vec<_>, _>>()?);
    Ok(ChangeList { resources: finish_all(resources), drift: finish_drift(drift), outputs, checks })
}

impl Check {
    /// `None` for conditions that hold.
    fn result(self) -> Result<Option<CheckResult>, ShowError> {
        let address = self.address.to_display;
        let status = match self.status.as_str() {
            "pass" => return Ok(None),
            "fail" => CheckStatus::Fail,
            "error" => CheckStatus::Error,
            "unknown" => CheckStatus::Unknown,
            _ => return Err(ShowError::Status { address, status: self.status }),
        };
        let problems = self.problems.into_iter().map(|problem| problem.message).collect();
        Ok(Some(CheckResult { address, status, problems }))
    }
}

impl Resource {
    fn raw(self) -> Result<RawChange, ShowError> {
        let action = action(&self.address, &self.change.actions)?;
        let importing = self.change.importing.as_ref().map(|importing| match &importing.identity {
            identity if importing.id.is_empty() && !identity.is_null() => identity.to_string(),
            _ => importing.id.clone(),
        });
        let replace = self.change.replace_paths.iter().map(|path| path.iter().map(step).collect()).collect();
        let (before, after) = self.change.cells();
        Ok(RawChange {
            address: self.address,
            previous_address: self.previous_address,
            mode: if self.mode == "data" { ResourceMode::Data } else { ResourceMode::Managed },
            resource_type: self.r#type,
            provider: self.provider_name,
            action,
            reason: self.action_reason,
            importing,
            deposed: self.deposed,
            before,
            after,
            replace,
        })
    }
}

impl Change {
    fn cells(&self) -> (Cell, Cell) {
        let before = cell(Some(&self.before), &Value::Null, &self.before_sensitive);
        (before, cell(Some(&self.after), &self.after_unknown, &self.after_sensitive))
    }
}

fn action(address: &str, actions: &[String]) -> Result<Option<Action>, ShowError> {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    Ok(Some(match actions.as_slice() {
        ["no-op"] => return Ok(None),
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["update"] => Action::Update,
        ["delete", "create"] => Action::DestroyThenCreate,
        ["create", "delete"] => Action::CreateThenDestroy,
        ["delete"] => Action::Destroy,
        ["forget"] => Action::Forget,
        ["create", "forget"] | ["forget", "create"] => Action::ForgetThenCreate,
        _ => return Err(ShowError::Actions { address: address.to_owned(), actions: actions.join(", ") }),
    }))
}

fn step(value: &Value) -> Step {
    match value {
        Value::String(key) => Step::Key(key.clone()),
        Value::Number(index) => {
            index.as_u64().and_then(|index| usize::try_from(index).ok()).map_or(Step::Element, Step::Index)
        }
        _ => Step::Element,
    }
}

/// Joins a value with its two shadows, in which `true` stands for an unknown or sensitive part.
fn cell(value: Option<&Value>, unknown: &Value, sensitive: &Value) -> Cell {
    let content = match (value, unknown) {
        (_, Value::Bool(true)) => Content::Unknown,
        (Some(Value::Array(items)), _) => {
            let item = |(index, item)| cell(Some(item), &unknown[index], &sensitive[index]);
            Content::List(items.iter().enumerate().map(item).collect())
        }
        (Some(Value::Object(entries)), _) => {
            let unknown_keys = unknown.as_object().into_iter().flat_map(serde_json::Map::keys);
            let entry = |key: &String| (key.clone(), cell(entries.get(key), &unknown[key], &sensitive[key]));
            Content::Map(entries.keys().chain(unknown_keys).map(entry).collect())
        }
        (None | Some(Value::Null), _) => Content::Null,
        (Some(plain), _) => Content::Plain(plain.clone()),
    };
    Cell { content, sensitive: *sensitive == Value::Bool(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_change_list() {
        let json = br#"{"format_version":"1.2","new_field":1,
          "resource_changes":[
            {"address":"a.b","mode":"managed","type":"a","provider_name":"registry.terraform.io/x/a","action_reason":"replace_because_cannot_update",
             "change":{"actions":["delete","create"],"before":{"id":"i","k":"1","p":"old"},"after":{"k":"2","p":"new","l":["a",null]},
                       "after_unknown":{"id":true,"l":[false,true]},"before_sensitive":{"p":true},"after_sensitive":{"p":true,"l":[false,false]},
                       "replace_paths":[["k"]]}},
            {"address":"a.c","mode":"managed","type":"a","change":{"actions":["no-op"],"before":{},"after":{}},"previous_address":"a.old"},
            {"address":"a.d","mode":"managed","type":"a","change":{"actions":["no-op"],"before":{},"after":{}}},
            {"address":"data.a.e","mode":"data","type":"a","change":{"actions":["delete"],"before":{},"after":null}}],
          "output_changes":{"o":{"actions":["create"],"before":null,"after":"x","before_sensitive":true,"after_sensitive":true}}}"#;
        let list = changes_from_show_json(json).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&list).unwrap().replace("},{", "},\n{"), @r#"
        {"resources":[{"address":"a.b","mode":"managed","resource_type":"a","provider":"x/a","action":"destroy-then-create","reason":"replace_because_cannot_update","attributes":[{"path":"id","before":{"value":"i"},"after":"unknown"},
        {"path":"k","before":{"value":"1"},"after":{"value":"2"},"forces_replacement":true},
        {"path":"l[0]","before":"absent","after":{"value":"a"}},
        {"path":"l[1]","before":"absent","after":"unknown"},
        {"path":"p","before":"sensitive","after":"sensitive"}]},
        {"address":"a.c","previous_address":"a.old","mode":"managed","resource_type":"a","provider":"","action":"move","attributes":[]}],"drift":[],"outputs":[{"name":"o","before":"absent","after":"sensitive"}]}
        "#);
    }

    #[test]
    fn other_formats_are_refused() {
        assert_eq!(
            changes_from_show_json(br#"{"format_version":"2.0"}"#).unwrap_err().to_string(),
            "the output of `show -json` has format `2.0`, only 1.x is known"
        );
        assert!(changes_from_show_json(b"{}").is_err());
        assert!(changes_from_show_json(b"x").is_err());
        let odd = br#"{"format_version":"1.2","resource_changes":[{"address":"a.b","change":{"actions":["open"]}}]}"#;
        assert_eq!(changes_from_show_json(odd).unwrap_err().to_string(), "`a.b` has the unknown actions `open`");
    }
}
