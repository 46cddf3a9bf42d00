//! What Terraform says while it runs, from the lines of `-json`
//! (<https://developer.hashicorp.com/terraform/internals/machine-readable-ui>).

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::program::ProcessIdentity;

use super::StoreEvent;

/// One thing that Terraform said or did.
#[derive(Debug, Clone, PartialEq)]
pub enum TerraformEvent {
    /// The program was started.
    Started {
        /// The subcommand, such as `plan`.
        command: &'static str,
        /// Its process, where the system tells.
        process: Option<ProcessIdentity>,
    },
    /// Which version runs.
    Version {
        /// As Terraform says it.
        terraform: String,
    },
    /// A resource would change.
    PlannedChange(ResourceEvent),
    /// A resource changed outside Terraform.
    ResourceDrift(ResourceEvent),
    /// A resource is being read.
    RefreshStart(ResourceEvent),
    /// A resource was read.
    RefreshComplete(ResourceEvent),
    /// A change begins.
    ApplyStart(ResourceEvent),
    /// A change is still going on.
    ApplyProgress(ResourceEvent),
    /// A change is done.
    ApplyComplete(ResourceEvent),
    /// A change failed; a diagnostic follows.
    ApplyErrored(ResourceEvent),
    /// A provisioner began, ended, or wrote a line.
    Provision(ResourceEvent),
    /// How many resources change, or have changed.
    ChangeSummary(ChangeSummary),
    /// The root outputs, by name. Values are left out: they may be secret.
    Outputs {
        /// Their names.
        names: Vec<String>,
    },
    /// An error or a warning.
    Diagnostic(Diagnostic),
    /// A message of `init`, or of the log.
    Log {
        /// Its text.
        message: String,
    },
    /// Any type that kstack has no use for.
    Other {
        /// Terraform's name of the type.
        kind: String,
        /// Its text.
        message: String,
    },
    /// Something happened in the provider store, before Terraform was started.
    Store(StoreEvent),
    /// A line of stderr, or one that is not JSON.
    Line {
        /// The line.
        text: String,
    },
}

/// What happens to one resource instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceEvent {
    /// Absolute address.
    pub address: String,
    /// Terraform's word for the action, such as `create`; empty when refreshing.
    pub action: String,
    /// Terraform's reason for it, such as `tainted`.
    pub reason: Option<String>,
    /// Time since it began.
    pub elapsed: Option<Duration>,
    /// The line that a provisioner wrote.
    pub output: Option<String>,
}

/// How many resources change, or have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeSummary {
    /// Made.
    pub add: u64,
    /// Changed in place.
    pub change: u64,
    /// Imported.
    pub import: u64,
    /// Destroyed.
    pub remove: u64,
    /// `plan`, `apply` or `destroy`.
    pub operation: String,
}

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The command fails.
    Error,
    /// It goes on.
    Warning,
    /// Terraform does not say.
    #[serde(other)]
    Unknown,
}

/// An error or a warning of Terraform or a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub summary: String,
    /// The rest, possibly empty.
    #[serde(default)]
    pub detail: String,
    /// The resource it is about.
    #[serde(default)]
    pub address: Option<String>,
    /// Where in the configuration.
    #[serde(default)]
    pub range: Option<Range>,
    /// The source lines there.
    #[serde(default)]
    pub snippet: Option<Snippet>,
}

/// A place in a configuration file; the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// File, relative to the folder in which Terraform ran.
    pub filename: String,
    /// First position.
    pub start: Position,
    /// Position after the last.
    pub end: Position,
}

/// Line and column, both from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column in characters.
    pub column: usize,
}

/// The source text that a [`Diagnostic`] shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// The lines.
    pub code: String,
    /// Number of the first one.
    pub start_line: usize,
    /// Byte offset in `code` where the marked part begins.
    pub highlight_start_offset: usize,
    /// … and ends.
    pub highlight_end_offset: usize,
}

/// Reads one line of stdout.
pub(super) fn parse(line: &str) -> TerraformEvent {
    match serde_json::from_str::<Message>(line) {
        Ok(message) => message.into_event(),
        Err(_) => TerraformEvent::Line { text: line.to_owned() },
    }
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "@message", default)]
    message: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    terraform: Option<String>,
    #[serde(default)]
    tofu: Option<String>,
    #[serde(default)]
    change: Option<Change>,
    #[serde(default)]
    hook: Option<Change>,
    #[serde(default)]
    changes: Option<ChangeSummary>,
    #[serde(default)]
    outputs: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    diagnostic: Option<Diagnostic>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    resource: Address,
    action: String,
    reason: Option<String>,
    elapsed_seconds: Option<f64>,
    output: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    addr: String,
}

impl Message {
    fn into_event(self) -> TerraformEvent {
        use TerraformEvent as Event;
        let message = self.message;
        let resource = self.change.or(self.hook).map(|change| ResourceEvent {
            address: change.resource.addr,
            action: change.action,
            reason: change.reason,
            elapsed: change.elapsed_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            output: change.output,
        });
        let event = match (self.kind.as_str(), resource) {
            ("planned_change", Some(resource)) => Some(Event::PlannedChange(resource)),
            ("resource_drift", Some(resource)) => Some(Event::ResourceDrift(resource)),
            ("refresh_start", Some(resource)) => Some(Event::RefreshStart(resource)),
            ("refresh_complete", Some(resource)) => Some(Event::RefreshComplete(resource)),
            ("apply_start", Some(resource)) => Some(Event::ApplyStart(resource)),
            ("apply_progress", Some(resource)) => Some(Event::ApplyProgress(resource)),
            ("apply_complete", Some(resource)) => Some(Event::ApplyComplete(resource)),
            ("apply_errored", Some(resource)) => Some(Event::ApplyErrored(resource)),
            (kind, Some(resource)) if kind.starts_with("provision_") => Some(Event::Provision(resource)),
            ("version", _) => self.terraform.or(self.tofu).map(|terraform| Event::Version { terraform }),
            ("change_summary", _) => self.changes.map(Event::ChangeSummary),
            ("outputs", _) => self.outputs.map(|outputs| Event::Outputs { names: outputs.into_keys().collect() }),
            ("diagnostic", _) => self.diagnostic.map(Event::Diagnostic),
            ("log" | "init_output", _) => Some(Event::Log { message: message.clone() }),
            _ => None,
        };
        event.unwrap_or(Event::Other { kind: self.kind, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lines_become_typed_events() {
        let event = parse(
            r#"{"@level":"info","@message":"a: Creation complete after 2s","type":"apply_complete",
                "hook":{"resource":{"addr":"a.b[0]"},"action":"create","id_key":"id","elapsed_seconds":2.5}}"#,
        );
        let TerraformEvent::ApplyComplete(resource) = event else { panic!("{event:?}") };
        assert_eq!((resource.address.as_str(), resource.action.as_str()), ("a.b[0]", "create"));
        assert_eq!(resource.elapsed, Some(Duration::from_millis(2500)));

        let event = parse(
            r#"{"@message":"Error: x","type":"diagnostic","diagnostic":{"severity":"error","summary":"x","detail":"y",
                "range":{"filename":"main.tf","start":{"line":3,"column":1,"byte":9},"end":{"line":3,"column":4,"byte":12}},
                "snippet":{"context":null,"code":"abc","start_line":3,"highlight_start_offset":0,
                           "highlight_end_offset":3,"values":[]}}}"#,
        );
        let TerraformEvent::Diagnostic(diagnostic) = event else { panic!("{event:?}") };
        assert_eq!(diagnostic.range.unwrap().start, Position { line: 3, column: 1 });
        assert_eq!(diagnostic.snippet.unwrap().code, "abc");
    }

    #[test]
    fn output_values_are_not_carried() {
        let event =
            parse(r#"{"@message":"Outputs: 1","type":"outputs","outputs":{"key":{"sensitive":false,"value":"hush"}}}"#);
        assert_eq!(event, TerraformEvent::Outputs { names: vec!["key".to_owned()] });
    }

    #[test]
    fn unknown_and_broken_lines_are_kept() {
        assert_eq!(
            parse(r#"{"@message":"hello","type":"new_thing","x":1}"#),
            TerraformEvent::Other { kind: "new_thing".into(), message: "hello".into() }
        );
        assert_eq!(parse("panic: runtime error"), TerraformEvent::Line { text: "panic: runtime error".into() });
        assert_eq!(
            parse(r#"{"@message":"m","type":"planned_change"}"#),
            TerraformEvent::Other { kind: "planned_change".into(), message: "m".into() }
        );
    }
}
