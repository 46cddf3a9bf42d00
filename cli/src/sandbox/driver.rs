//! `up` and `down` whatever the driver, and which driver a sandbox gets.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use tokio::time::Instant;

use super::{
    Sink, boot,
    component::ComponentSettings,
    down::{self, Remains},
    error::SandboxError,
    kind,
    layout::{Reservation, Sandbox},
    record::{Driver, EngineKind, Record},
};
use crate::platform::RepositoryName;

/// The driver asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverChoice {
    /// The one that the sandbox was made with; for a new one kind where a Docker engine answers, processes otherwise.
    Auto,
    /// Processes of this machine.
    Process,
    /// A kind cluster.
    Kind,
}

/// What a sandbox should be.
#[derive(Debug, Clone)]
pub struct UpSettings {
    /// How it runs.
    pub driver: DriverChoice,
    /// The engine whose controllers run in it. With kind they come with the hand-over, as pods.
    pub engine: EngineKind,
    /// Where components come from.
    pub components: ComponentSettings,
    /// The kstack program, which is also the Git server.
    pub kstack: PathBuf,
    /// Repositories to serve besides those that are registered.
    pub git_repositories: BTreeMap<RepositoryName, PathBuf>,
}

/// A sandbox that is up.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The user's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The Git server.
    pub git: Reservation,
    /// Processes that this run started; none when everything was running.
    pub started: usize,
    /// Time that it took.
    pub elapsed: Duration,
}

impl Sandbox {
    /// Brings the sandbox up: makes it if there is none, starts what does not run, and leaves alone what does.
    ///
    /// # Errors
    /// When a component cannot be had, a process does not become ready, or the sandbox has another driver.
    pub async fn up(&self, settings: &UpSettings, sink: Sink<'_>) -> Result<Ready, SandboxError> {
        let clock = Instant::now();
        let started = match self.choose(settings.driver).await? {
            Driver::Process => boot::up(self, settings, sink).await?,
            Driver::Kind => kind::up(self, settings, sink).await?,
        };
        let git = self.reservation(&self.record()?)?;
        Ok(Ready { kubeconfig: self.kubeconfig(), git, started, elapsed: clock.elapsed() })
    }

    /// The driver that the sandbox has, or gets when it is new.
    pub(super) async fn choose(&self, choice: DriverChoice) -> Result<Driver, SandboxError> {
        if !cfg!(target_os = "linux") {
            return Err(SandboxError::UnsupportedSystem { system: std::env::consts::OS });
        }
        let made_with = Record::read(&self.record_path())?.map(|record| record.driver);
        let asked_for = match choice {
            DriverChoice::Auto => None,
            DriverChoice::Process => Some(Driver::Process),
            DriverChoice::Kind => Some(Driver::Kind),
        };
        match (made_with, asked_for) {
            (Some(made_with), Some(asked_for)) if made_with != asked_for => Err(SandboxError::OtherDriver {
                name: self.name().to_string(),
                made_with: made_with.name(),
                asked_for: asked_for.name(),
            }),
            (Some(made_with), _) => Ok(made_with),
            (None, Some(Driver::Process)) => Ok(Driver::Process),
            (None, Some(Driver::Kind)) => kind::is_available().await.map(|()| Driver::Kind),
            (None, None) => Ok(kind::is_available().await.map_or(Driver::Process, |()| Driver::Kind)),
        }
    }

    /// Takes the sandbox down: ends its processes and, unless `remains` says otherwise, removes its folder.
    ///
    /// # Errors
    /// When there is no such sandbox, its record is broken, or a process cannot be ended.
    pub async fn down(&self, remains: Remains, sink: Sink<'_>) -> Result<(), SandboxError> {
        self.record()?; // before a lock file is made for a sandbox that does not exist
        let lock = self.lock(sink).await?;
        let mut record = self.record()?;
        if record.driver == Driver::Kind {
            if remains == Remains::Data {
                return Err(SandboxError::CannotKeep { name: self.name().to_string() });
            }
            kind::down(self, sink).await?;
        }
        down::stop_all(self, &mut record, sink).await?;
        match remains {
            Remains::Data => record.write(&self.record_path()),
            Remains::Nothing => {
                down::remove(self)?;
                lock.remove()
            }
        }
    }
}
