//! How a sandbox is: each process, and the API server.

use super::{
    cluster::Cluster,
    error::SandboxError,
    layout::Sandbox,
    member::Member,
    probe::Probe,
    record::{Driver, EngineKind},
};
use crate::program::ProcessIdentity;

/// How a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Ready,
    /// It runs and does not answer, or answers that it is not ready.
    NotReady {
        /// What it answered.
        reason: String,
    },
    /// It does not run.
    Stopped,
}

/// A process of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Which one.
    pub member: Member,
    /// The version of its program; `None` for the Git server, which is kstack itself.
    pub version: Option<String>,
    /// Its process id while it runs.
    pub pid: Option<u32>,
    /// Resident memory in bytes while it runs.
    pub memory: Option<u64>,
    /// How it is.
    pub health: Health,
}

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its driver.
    pub driver: Driver,
    /// Whether its ports and credentials were settled, but it was never brought up.
    pub reserved: bool,
    /// The engine whose controllers run in it.
    pub engine: EngineKind,
    /// What the API server says its version is; `None` when it does not answer.
    pub api_version: Option<String>,
    /// Its processes in the order of their start; with kind, only the Git server.
    pub members: Vec<MemberStatus>,
}

impl Status {
    /// In one word: `ready`, `degraded`, `stopped`, or `reserved` when it was never brought up.
    pub fn state(&self) -> &'static str {
        if self.reserved {
            "reserved"
        } else if self.is_ready() {
            "ready"
        } else if self.api_version.is_none() && self.members.iter().all(|one| one.health == Health::Stopped) {
            "stopped"
        } else {
            "degraded"
        }
    }

    /// Whether everything answers.
    pub fn is_ready(&self) -> bool {
        self.api_version.is_some() && self.members.iter().all(|member| member.health == Health::Ready)
    }
}

impl Sandbox {
    /// Asks every process how it is. Changes nothing and takes no lock.
    ///
    /// # Errors
    /// When the sandbox does not exist or its record is broken.
    pub async fn status(&self) -> Result<Status, SandboxError> {
        let record = self.record()?;
        let members = match record.driver {
            Driver::Process => record.engine.members(),
            Driver::Kind => vec![Member::GitServer],
        };
        let probe = Probe::new(&self.pki())?;
        let asked = members.into_iter().map(|member| {
            let (probe, record) = (&probe, &record);
            async move {
                let identity = record.processes.get(&member).map(|process| &process.identity);
                let identity = identity.filter(|identity| identity.is_alive());
                let health = match identity {
                    Some(_) => match probe.ask(member, &record.ports).await {
                        Ok(()) => Health::Ready,
                        Err(reason) => Health::NotReady { reason },
                    },
                    None => Health::Stopped,
                };
                MemberStatus {
                    member,
                    version: member.component().and_then(|component| record.versions.get(component.name()).cloned()),
                    pid: identity.map(|identity| identity.pid),
                    memory: identity.and_then(ProcessIdentity::memory),
                    health,
                }
            }
        });
        let members = futures::future::join_all(asked).await;
        // With processes, an API server that does not run need not be waited for.
        let api_runs = record.driver == Driver::Kind
            || members.iter().any(|one| one.member == Member::KubeApiserver && one.pid.is_some());
        let api_version = if api_runs && self.kubeconfig().is_file() {
            let cluster = Cluster::connect(&self.kubeconfig()).await?;
            cluster.version().await.ok()
        } else {
            None
        };
        Ok(Status {
            driver: record.driver,
            reserved: !self.kubeconfig().is_file(),
            engine: record.engine,
            api_version,
            members,
        })
    }
}
