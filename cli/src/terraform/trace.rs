//! What the last apply in a data folder said, and whether it still runs: what is known of a Terraform whose kstack
//! was killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    ChangeSummary, Diagnostic, ResourceEvent, Severity, TerraformError, TerraformEvent, events,
    process::{APPLY, EVENTS, empty, log},
};

/// One change that an apply began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The resource instance.
    pub address: String,
    /// Terraform's word for it, such as `create`.
    pub action: String,
    /// Whether it came to its end, good or bad.
    pub ended: bool,
    /// Whether that was a bad one.
    pub failed: bool,
}

/// What the last apply in a data folder said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// When it said its first word, by the clock of this machine.
    pub started: Option<Timestamp>,
    /// What it did, in the order in which it began.
    pub operations: Vec<Operation>,
    /// Its last word when everything went well; the state is stored by then.
    pub summary: Option<ChangeSummary>,
    /// Its errors: with one it ended by itself, and has stored the state or left `errored.tfstate`.
    pub errors: Vec<Diagnostic>,
    /// Whether it was told to stop. Providers give up the calls that they wait for then, and what those calls make all the
    /// same is in no state.
    pub interrupted: bool,
}

#[derive(Deserialize)]
struct Stamp {
    #[serde(rename = "@timestamp")]
    time: Timestamp,
}

impl Trace {
    /// Whether the last apply in `data`, a [`super::Workspace::data`], still runs, also when the kstack that started it
    /// is gone.
    ///
    /// # Errors
    /// [`TerraformError::Io`].
    pub fn is_running(data: &Path) -> Result<bool, TerraformError> {
        let path = log(data, APPLY, EVENTS);
        let file = match fs::File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            file => file.map_err(|source| TerraformError::io("read", &path, source))?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(source)) => Err(TerraformError::io("lock", &path, source)),
        }
    }

    /// What the last apply in `data` said; `None` when there was none.
    ///
    /// # Errors
    /// [`TerraformError::Io`].
    pub fn of_last_apply(data: &Path) -> Result<Option<Self>, TerraformError> {
        let path = log(data, APPLY, EVENTS);
        let wrong = |source| TerraformError::io("read", &path, source);
        let file = match fs::File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(wrong)?,
        };
        let mut trace = Self::default();
        for line in BufReader::new(file).split(b'\n') {
            trace.add(&String::from_utf8_lossy(&line.map_err(wrong)?));
        }
        Ok(Some(trace))
    }

    /// Forgets what the last apply in `data` said, once it is recorded how it ended: there may be secrets in it.
    ///
    /// # Errors
    /// [`TerraformError::Io`].
    pub fn forget(data: &Path) -> Result<(), TerraformError> {
        let path = log(data, APPLY, EVENTS);
        match empty(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            emptied => emptied.map_err(|source| TerraformError::io("write", &path, source)),
        }
    }

    /// What became of the operation on `address` that began last.
    fn end(&mut self, address: &str, failed: bool) {
        let is_it = |operation: &&mut Operation| !operation.ended && operation.address == address;
        if let Some(operation) = self.operations.iter_mut().rev().find(is_it) {
            (operation.ended, operation.failed) = (true, failed);
        }
    }

    fn add(&mut self, line: &str) {
        if self.started.is_none() {
            self.started = serde_json::from_str::<Stamp>(line).ok().map(|stamp| stamp.time);
        }
        match events::parse(line) {
            TerraformEvent::ApplyStart(event) => {
                let ResourceEvent { address, action, .. } = event;
                self.operations.push(Operation { address, action, ended: false, failed: false });
            }
            TerraformEvent::ApplyComplete(event) => self.end(&event.address, false),
            TerraformEvent::ApplyErrored(event) => self.end(&event.address, true),
            // The views of Terraform and OpenTofu (internal/command/views/operation.go) say it in these words.
            TerraformEvent::Log { message } if message.trim_start().starts_with("Interrupt received") => {
                self.interrupted = true;
            }
            TerraformEvent::ChangeSummary(summary) if summary.operation != "plan" => self.summary = Some(summary),
            TerraformEvent::Diagnostic(found) if found.severity == Severity::Error => self.errors.push(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_tells_what_was_under_way() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Trace::of_last_apply(folder.path()).unwrap(), None);
        let hook = |kind: &str, address: &str| {
            format!(
                r#"{{"@message":"","@timestamp":"2026-01-02T03:04:05.000000Z","type":"{kind}","hook":{{"resource":{{"addr":"{address}"}},"action":"create"}}}}"#
            )
        };
        let lines = [hook("apply_start", "a.a"), hook("apply_complete", "a.a"), hook("apply_start", "a.b")];
        // The last line was cut off.
        fs::write(folder.path().join("apply.jsonl"), format!("{}\n{{\"@mess", lines.join("\n"))).unwrap();
        let trace = Trace::of_last_apply(folder.path()).unwrap().unwrap();
        assert_eq!(trace.started.unwrap().to_string(), "2026-01-02T03:04:05Z");
        let operations: Vec<_> = trace.operations.iter().map(|it| (it.address.as_str(), it.ended)).collect();
        assert_eq!((operations.as_slice(), trace.summary), (&[("a.a", true), ("a.b", false)][..], None));
    }

    #[test]
    fn a_trace_tells_what_was_given_up() {
        let hook = |kind: &str, address: &str| {
            format!(
                r#"{{"@message":"","type":"{kind}","hook":{{"resource":{{"addr":"{address}"}},"action":"create"}}}}"#
            )
        };
        let stop = r#"{"@message":"\nInterrupt received.\nPlease wait for Terraform to exit","type":"log"}"#;
        let mut trace = Trace::default();
        for line in [&hook("apply_start", "a.a"), stop, &hook("apply_errored", "a.a")] {
            assert!(!trace.operations.iter().any(|it| it.failed));
            trace.add(line);
        }
        assert!(trace.interrupted && trace.operations[0].ended && trace.operations[0].failed);
    }

    #[test]
    fn an_apply_runs_as_long_as_its_output_is_open() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Trace::is_running(folder.path()).unwrap());
        let output = fs::File::create(folder.path().join("apply.jsonl")).unwrap();
        assert!(!Trace::is_running(folder.path()).unwrap());
        output.lock().unwrap();
        assert!(Trace::is_running(folder.path()).unwrap());
        drop(output);
        assert!(!Trace::is_running(folder.path()).unwrap());
    }
}
