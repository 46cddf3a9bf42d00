//! How a hand-over looks: a line per step, and on a terminal a line that says what is waited for.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::json;

use super::{Styles, Ui, progress::Task};
use crate::sync::{Kept, ObjectRef, ObjectStatus, State, SyncEvent, Tally};

/// Characters of a failure's reason in a line of its own; the error at the end holds all of it.
const REASON: usize = 160;

/// Shows the events of a hand-over.
#[derive(Debug)]
pub struct SyncReporter<'a> {
    ui: &'a Ui,
    task: Task,
    /// What was said last of each object.
    said: Mutex<BTreeMap<ObjectRef, String>>,
}

impl<'a> SyncReporter<'a> {
    /// Shows the hand-over of the cluster called `name`.
    pub fn new(ui: &'a Ui, name: &str) -> Self {
        Self { ui, task: ui.progress().task(name.to_owned()), said: Mutex::default() }
    }

    /// Shows `event`: as a line of JSON on standard output, or as a status line.
    pub fn event(&self, event: &SyncEvent) {
        if self.ui.is_json() {
            let mut document = json!({"type": "sync-event", "version": 1});
            if let (Some(document), Ok(serde_json::Value::Object(fields))) =
                (document.as_object_mut(), serde_json::to_value(event))
            {
                document.extend(fields);
            }
            self.ui.line(&document.to_string());
            return;
        }
        match event {
            SyncEvent::Connected { endpoint, version } => {
                self.ui.status(&format!("connected to `{endpoint}` (Kubernetes {version})"));
                self.task.message("applying the engine");
            }
            SyncEvent::Object { object, created } => {
                self.ui.detail(&format!("  {} {object}", if *created { "created" } else { "changed" }));
            }
            SyncEvent::CrdsEstablished { count } => self.task.message(format!("{count} kinds established")),
            SyncEvent::Applied(tally) => {
                self.ui.status(&format!("engine: {}", told(*tally)));
                self.task.message("waiting for the engine's controllers");
            }
            SyncEvent::EngineReady { controllers } => {
                self.ui.status(&format!("engine: {controllers} controllers available"));
            }
            SyncEvent::CredentialCreated { object } => self.ui.status(&format!("Git credential: created {object}")),
            SyncEvent::CredentialKept { object, kept: Kept::Different } => {
                self.ui.warn(&format!("the Git credential in `{object}` is not the one given; it was left as it is"));
                self.ui.hint(&format!("delete `{object}` and run the command again to replace it"));
            }
            SyncEvent::CredentialKept { object, .. } => self.ui.detail(&format!("Git credential: kept {object}")),
            SyncEvent::ClusterInfo(tally) => self.ui.detail(&format!("cluster info: {}", told(*tally))),
            SyncEvent::Root(tally) => {
                self.ui.status(&format!("source and root: {}", told(*tally)));
                self.task.message("waiting for the engine");
            }
            SyncEvent::Requested { object } => self.ui.detail(&format!("asked {object} to reconcile now")),
            SyncEvent::Waiting { ready, total, changed } => {
                self.task.message(format!("{ready} of {total} objects ready"));
                for line in self.news(changed, ready == total) {
                    self.ui.status(&format!("  {line}"));
                }
            }
            SyncEvent::Synced { .. } => {}
            SyncEvent::Released { count } => {
                self.ui.detail(&format!("the engine owns itself: let go of {count} objects"));
            }
            SyncEvent::Deleting { object } => self.ui.status(&format!("deleting {object}")),
        }
    }

    /// What is worth a line of `changed`: nothing where there was nothing to wait for, and nothing a second time in
    /// a row. An object that is looked at again in between, as the root is when something it brought is ready, is
    /// ready still.
    fn news(&self, changed: &[ObjectStatus], all_ready: bool) -> Vec<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = said.is_empty() && all_ready;
        let mut news = Vec::new();
        for ObjectStatus { object, state } in changed {
            let Some(line) = self.line(object, state) else {
                // Known from now on, without a line.
                said.entry(object.clone()).or_default();
                continue;
            };
            let old = said.insert(object.clone(), line.clone());
            if old.as_ref() != Some(&line) && !idle {
                news.push(line);
            }
        }
        news
    }

    /// An object's state in a line; what waits is a detail.
    fn line(&self, object: &ObjectRef, state: &State) -> Option<String> {
        let styles: &Styles = self.ui.styles_err();
        match state {
            State::Ready => Some(format!("{} {object}", styles.good("ready"))),
            // It may still heal; the error at the end tells if it does not.
            State::Failed { reason, message } => {
                Some(format!("{} {object}: {reason}: {}", styles.warning("failing"), shortened(message, REASON)))
            }
            State::Suspended => Some(format!("{} {object}", styles.warning("suspended"))),
            State::Waiting { message, .. } => {
                self.ui.detail(&format!("  waiting {object}: {message}"));
                None
            }
        }
    }
}

/// The first line of `text`, cut to `width` characters.
fn shortened(text: &str, width: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None if line.len() < text.len() => format!("{line} …"),
        None => line.to_owned(),
    }
}

/// A tally in words; only what is not zero.
fn told(tally: Tally) -> String {
    let parts = [
        (tally.created, "created"),
        (tally.changed, "changed"),
        (tally.unchanged, "unchanged"),
        (tally.left, "managed by the engine"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_tells_only_what_happened() {
        assert_eq!(told(Tally { created: 2, left: 1, ..Tally::default() }), "2 created, 1 managed by the engine");
        assert_eq!(told(Tally::default()), "nothing");
    }

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(shortened("short", 9), "short");
        assert_eq!(shortened("more than that", 9), "more than…");
        assert_eq!(shortened("one\ntwo", 9), "one …");
        assert_eq!(shortened("ääää", 2), "ää…");
    }
}
