//! Shows the events of a run: lines that move on a terminal, one line per finished instance elsewhere,
//! or JSON lines on standard output.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{
    pipeline::{Event, Hold},
    platform::Instance,
    terraform::{Severity, StoreEvent, TerraformEvent},
};

use super::{Ui, progress::Task};

/// Watches one run.
#[derive(Debug)]
pub struct Reporter<'a> {
    ui: &'a Ui,
    verb: &'static str,
    tasks: Mutex<BTreeMap<Instance, Task>>,
}

impl<'a> Reporter<'a> {
    /// A reporter of a run that does `verb` (past tense: `planned`) to instances.
    pub fn new(ui: &'a Ui, verb: &'static str) -> Self {
        Self { ui, verb, tasks: Mutex::default() }
    }

    /// Shows `event`.
    pub fn event(&self, event: &Event) {
        if self.ui.is_json() {
            self.ui.event(event);
        }
        match event {
            Event::Selected { .. } => {}
            Event::Started { instance } => {
                let task = self.ui.progress().task(instance.to_string());
                self.with(|tasks| tasks.insert(instance.clone(), task));
            }
            Event::Step { instance, step } => {
                self.message(instance, (*step).to_owned());
                self.ui.detail(&format!("{instance}: {step}"));
            }
            Event::Terraform { instance, said } => self.said(instance, said),
            Event::Finished { instance, ok, summary, seconds } => {
                self.with(|tasks| tasks.remove(instance));
                let styles = self.ui.styles_err();
                let verb = if *ok { styles.good(self.verb) } else { styles.error("failed") };
                self.ui.status(&format!("{verb} {instance}: {summary} {}", styles.dim(format!("({seconds:.1} s)"))));
            }
            Event::Held(hold) => self.ui.status(&self.ui.styles_err().dim(held(hold))),
            Event::Notice { message } => self.ui.warn(message),
        }
    }

    fn said(&self, instance: &Instance, said: &TerraformEvent) {
        match said {
            TerraformEvent::ApplyStart(resource) => self.message(instance, format!("{} …", resource.address)),
            TerraformEvent::ApplyComplete(resource) => {
                self.ui.detail(&format!("{instance}: {} done", resource.address));
            }
            TerraformEvent::RefreshStart(resource) => self.message(instance, format!("reading {}", resource.address)),
            TerraformEvent::Store(said) => self.stored(instance, said),
            TerraformEvent::Diagnostic(diagnostic) if diagnostic.severity == Severity::Warning => {
                self.ui.detail(&format!("{instance}: warning: {}", diagnostic.summary));
            }
            _ => {}
        }
    }

    fn stored(&self, instance: &Instance, said: &StoreEvent) {
        let message = match said {
            StoreEvent::Waiting { package } => format!("waiting until another run has put {package} into the store"),
            StoreEvent::Filling { package, source } => format!("getting {package} from `{source}`"),
            StoreEvent::Corrupt { package } => {
                return self.ui.warn(&format!("{package} in the provider store was damaged: it is replaced"));
            }
            StoreEvent::Hashed { package } => format!("{package} is what was locked"),
            StoreEvent::Adopted { package } => format!("{package} is in the store now"),
        };
        self.ui.detail(&format!("{instance}: {message}"));
        self.message(instance, message);
    }

    fn message(&self, instance: &Instance, message: String) {
        self.with(|tasks| {
            if let Some(task) = tasks.get(instance) {
                task.message(message);
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Instance, Task>) -> T) -> T {
        // A panic elsewhere leaves the map as it was: lines to draw.
        act(&mut self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn held(hold: &Hold) -> String {
    let mib = |bytes: &u64| bytes >> 20;
    match hold {
        Hold::Memory { running, available_bytes, needed_bytes } => format!(
            "no more than {running} at once for now: {} MiB of memory are left, and one more takes {} MiB",
            mib(available_bytes),
            mib(needed_bytes)
        ),
        Hold::Throttling { limit } => {
            format!("no more than {limit} at once for now: the cloud asks for fewer requests")
        }
    }
}
