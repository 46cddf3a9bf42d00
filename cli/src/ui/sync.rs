//! How a hand-over looks: a line per step, and on a terminal a line that says what is waited for.

use serde_json::json;

use super::{Styles, Ui, progress::Task};
use crate::sync::{Kept, ObjectStatus, State, SyncEvent, Tally};

/// Shows the events of a hand-over.
#[derive(Debug)]
pub struct SyncReporter<'a> {
    ui: &'a Ui,
    task: Task,
}

impl<'a> SyncReporter<'a> {
    /// Shows the hand-over of the cluster called `name`.
    pub fn new(ui: &'a Ui, name: &str) -> Self {
        Self { ui, task: ui.progress().task(name.to_owned()) }
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
                for status in changed {
                    self.status(status);
                }
            }
            SyncEvent::Synced { .. } => {}
            SyncEvent::Released { count } => {
                self.ui.detail(&format!("the engine owns itself: let go of {count} objects"));
            }
            SyncEvent::Deleting { object } => self.ui.status(&format!("deleting {object}")),
        }
    }

    fn status(&self, status: &ObjectStatus) {
        let styles: &Styles = self.ui.styles_err();
        let object = &status.object;
        match &status.state {
            State::Ready => self.ui.status(&format!("  {} {object}", styles.good("ready"))),
            // It may still heal; the error at the end tells if it does not.
            State::Failed { reason, message } => {
                self.ui.status(&format!("  {} {object}: {reason}: {message}", styles.warning("failing")));
            }
            State::Suspended => self.ui.status(&format!("  {} {object}", styles.warning("suspended"))),
            State::Waiting { message, .. } => self.ui.detail(&format!("  waiting {object}: {message}")),
        }
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
}
