//! What happens while a sandbox comes up or goes down.

use std::{path::PathBuf, time::Duration};

use super::{component::Component, member::Member};

/// Receives events as they happen, from any thread.
pub type Sink<'a> = &'a (dyn Fn(SandboxEvent) + Send + Sync);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxEvent {
    /// Another kstack process works on the same thing; this one waits for it.
    WaitingForLock {
        /// The lock file.
        path: PathBuf,
    },
    /// A component is being downloaded or built.
    ObtainStarted {
        /// The component's name and version, such as `etcd 3.6.4`.
        what: String,
        /// How it is had.
        by: ObtainedBy,
        /// Number of this step, from 1.
        step: usize,
        /// Number of steps.
        of: usize,
    },
    /// The program that builds a component says something.
    ObtainProgress {
        /// The component's name and version.
        what: String,
        /// A line of its output.
        line: String,
    },
    /// A component could not be downloaded; it will be built instead.
    DownloadFailed {
        /// The component's name and version.
        what: String,
        /// Why.
        reason: String,
    },
    /// A component lies in the cache now.
    Obtained {
        /// The component's name and version.
        what: String,
        /// How it was had.
        by: ObtainedBy,
        /// Time that it took.
        elapsed: Duration,
    },
    /// A process is being started.
    Starting {
        /// Which one.
        member: Member,
    },
    /// A process that should have been running was not, or did not answer; it is started again.
    Repairing {
        /// Which one.
        member: Member,
        /// What was wrong with it.
        reason: &'static str,
    },
    /// Another program took a port; another one is used.
    PortMoved {
        /// Whose port.
        member: Member,
        /// The port that was taken.
        from: u16,
        /// The port used instead.
        to: u16,
    },
    /// A process answers.
    Ready {
        /// Which one.
        member: Member,
        /// Time since it was started; `None` when it was running already.
        elapsed: Option<Duration>,
    },
    /// Flux's namespace, custom resource definitions and roles are in the cluster.
    EnginePrepared {
        /// Time that it took.
        elapsed: Duration,
    },
    /// The node is ready for pods.
    NodeReady {
        /// Time since kwok was told of it.
        elapsed: Duration,
    },
    /// A process ended.
    Stopped {
        /// Which one.
        member: Member,
        /// Whether it had to be killed because it did not end in time.
        killed: bool,
    },
    /// kind was asked to do something that takes a while.
    Kind {
        /// What, such as `create cluster`.
        action: &'static str,
    },
}

/// How a component came into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObtainedBy {
    /// Downloaded from its publisher.
    Download,
    /// Built from its Go module.
    Build,
}

impl Component {
    /// Name and version for people, such as `etcd 3.6.4`.
    pub fn label(self) -> String {
        format!("{} {}", self.name(), self.version())
    }
}
