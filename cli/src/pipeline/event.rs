//! What happens in a run, for whoever watches.

use serde::Serialize;

use crate::{platform::Instance, terraform::TerraformEvent};

use super::schedule::Hold;

/// Receives the events of a run, from several tasks at once.
pub type EventSink<'a> = &'a (dyn Fn(Event) + Send + Sync);

/// One thing that happened in a run.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The instances that the run is about were found.
    Selected {
        /// They.
        instances: Vec<Instance>,
    },
    /// Work on an instance began.
    Started {
        /// The instance.
        instance: Instance,
    },
    /// Work on an instance entered its next step.
    Step {
        /// The instance.
        instance: Instance,
        /// What is done, such as `planning`.
        step: &'static str,
    },
    /// Terraform said something.
    Terraform {
        /// The instance it works on.
        instance: Instance,
        /// What it said.
        #[serde(skip)]
        said: TerraformEvent,
    },
    /// Work on an instance ended.
    Finished {
        /// The instance.
        instance: Instance,
        /// Whether it succeeded.
        ok: bool,
        /// How it ended, in a few words.
        summary: String,
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// Fewer instances run at once than could.
    Held(Hold),
    /// Something that should be looked at.
    Notice {
        /// What.
        message: String,
    },
}

impl Event {
    /// Whether a cloud answered Terraform that it is asked too often.
    pub(super) fn is_throttling(&self) -> bool {
        matches!(self, Self::Terraform { said, .. } if said.is_throttling())
    }
}
