//! Events of a sandbox as progress: a line per running step on a terminal, a line per finished step elsewhere.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    sandbox::{ObtainedBy, SandboxEvent},
    ui::{Progress, Task, Ui},
};

/// Shows events.
pub struct Report<'a> {
    ui: &'a Ui,
    progress: Progress,
    tasks: Mutex<BTreeMap<String, Task>>,
}

impl<'a> Report<'a> {
    /// Shows nothing yet.
    pub fn new(ui: &'a Ui) -> Self {
        Self { ui, progress: ui.progress(), tasks: Mutex::default() }
    }

    /// Takes the lines of steps that did not finish away.
    pub fn finish(self) {
        drop(self.tasks);
    }

    /// Shows one event.
    pub fn event(&self, event: &SandboxEvent) {
        use SandboxEvent as E;

        match event {
            E::WaitingForLock { path } => {
                self.ui.status(&format!("another kstack process works on it; waiting for `{}`", path.display()));
            }
            E::ObtainStarted { what, by, step, of } => {
                let verb = match by {
                    ObtainedBy::Download => "downloading",
                    ObtainedBy::Build => "building",
                };
                let count = if *of > 1 { format!(" ({step} of {of})") } else { String::new() };
                self.begin(what, &format!("{verb}{count}"));
                if !self.progress.is_shown() {
                    self.ui.status(&format!("{verb} {what}{count}"));
                }
            }
            E::ObtainProgress { what, line } => {
                self.with(what, |task| task.message(line.clone()));
                self.ui.detail(&format!("{what}: {line}"));
            }
            E::DownloadFailed { what, reason } => {
                self.ui.detail(&format!("cannot download {what}: {reason}"));
            }
            E::Obtained { what, by, elapsed } => {
                let verb = match by {
                    ObtainedBy::Download => "downloaded",
                    ObtainedBy::Build => "built",
                };
                self.end(what, &format!("{verb} {what} in {:.0} s", elapsed.as_secs_f64()));
            }
            E::Starting { member } => self.begin(member.name(), "starting"),
            E::Repairing { member, reason } => self.ui.status(&format!("starting {member} again: {reason}")),
            E::PortMoved { member, from, to } => {
                self.ui.status(&format!("{member} listens on port {to}: another program took {from}"));
            }
            E::Ready { member, elapsed: Some(elapsed) } => {
                self.end(member.name(), &format!("{member} is ready after {:.1} s", elapsed.as_secs_f64()));
            }
            E::Ready { member, elapsed: None } => self.ui.detail(&format!("{member} is running")),
            E::EnginePrepared { elapsed } => {
                let seconds = elapsed.as_secs_f64();
                self.ui.detail(&format!("applied Flux's definitions and roles in {seconds:.1} s"));
            }
            E::NodeReady { elapsed } => {
                self.ui.detail(&format!("the node is ready after {:.1} s", elapsed.as_secs_f64()));
            }
            E::Stopped { member, killed } => {
                let verb = if *killed { "killed" } else { "stopped" };
                self.ui.detail(&format!("{verb} {member}"));
            }
            E::Kind { action } => self.begin("kind", action),
        }
    }

    fn begin(&self, name: &str, message: &str) {
        let task = self.progress.task(name.to_owned());
        task.message(message.to_owned());
        self.tasks().insert(name.to_owned(), task);
    }

    fn with(&self, name: &str, act: impl FnOnce(&Task)) {
        if let Some(task) = self.tasks().get(name) {
            act(task);
        }
    }

    fn end(&self, name: &str, message: &str) {
        drop(self.tasks().remove(name));
        self.ui.status(message);
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
