//! Sees to it that the recorded processes run, as they should be started now, and answer.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{
    Sink, down,
    error::SandboxError,
    event::SandboxEvent,
    kubeconfig,
    launch::{Launch, Launcher},
    layout::Sandbox,
    member::Member,
    ports::{Port, Ports},
    probe::Probe,
    process::{self, POLL},
    record::{ProcessRecord, Record},
};

/// Longest wait for a process to become ready. A cold disk with the API server's 100 MB is the worst case.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait for a process that runs already to answer before it is started anew.
const RUNNING_PATIENCE: Duration = Duration::from_secs(15);
/// How often a process is started again because another program took its port.
const ATTEMPTS: usize = 5;
/// How often a port is looked at before it counts as taken: for two seconds.
const TRIES: usize = 40;
/// Lines of a log that an error shows.
const TAIL: usize = 12;

/// Works on the processes of one sandbox, whose lock is held. Several may be started at the same time.
pub(super) struct Supervisor<'a> {
    sandbox: &'a Sandbox,
    launcher: Launcher<'a>,
    probe: Probe,
    record: Mutex<Record>,
    started: AtomicUsize,
    sink: Sink<'a>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(launcher: Launcher<'a>, record: Record, sink: Sink<'a>) -> Result<Self, SandboxError> {
        let sandbox = launcher.sandbox;
        let probe = Probe::new(&sandbox.pki())?;
        Ok(Self { sandbox, launcher, probe, record: Mutex::new(record), started: AtomicUsize::new(0), sink })
    }

    /// The number of processes that were started.
    pub(super) fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    pub(super) fn ports(&self) -> Ports {
        self.record().ports.clone()
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the record and writes it.
    pub(super) fn update<T>(
        &self,
        change: impl FnOnce(&mut Record) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut record = self.record();
        let result = change(&mut record)?;
        record.write(&self.sandbox.record_path())?;
        Ok(result)
    }

    /// Ends processes that bear the sandbox's mark but are not in the record, and those that are
    /// not `wanted` any more.
    pub(super) async fn stop_strays(&self, wanted: &[Member]) -> Result<(), SandboxError> {
        let superfluous: Vec<(Member, ProcessRecord)> = {
            let record = self.record();
            let all = record.processes.iter().map(|(member, process)| (*member, process.clone()));
            all.filter(|(member, _)| !wanted.contains(member)).collect()
        };
        for (member, process) in superfluous {
            down::stop_member(member, &process.identity, self.sink).await?;
            self.update(|record| Ok(record.processes.remove(&member)))?;
        }
        let known: BTreeSet<u32> = self.record().processes.values().map(|process| process.identity.pid).collect();
        down::stop_marked(self.sandbox, &known, self.sink).await
    }

    /// Sees to it that `member` runs as it should and answers.
    pub(super) async fn ensure(&self, member: Member) -> Result<(), SandboxError> {
        let recorded = self.record().processes.get(&member).cloned();
        if let Some(process) = recorded {
            let reason = if !process.identity.is_alive() {
                "it was not running"
            } else if process.launch != self.plan(member).1 {
                "its settings changed"
            } else if self.answers(member, &process).await {
                (self.sink)(SandboxEvent::Ready { member, elapsed: None });
                return Ok(());
            } else {
                "it did not answer"
            };
            (self.sink)(SandboxEvent::Repairing { member, reason });
            down::stop_member(member, &process.identity, self.sink).await?;
        }
        for _ in 1..ATTEMPTS {
            self.leave_taken_ports(member).await?;
            match self.start(member).await {
                // It lost a race for its port: another one, once more.
                Err(SandboxError::Died { .. }) if self.has_taken_port(member) => {}
                result => return result,
            }
        }
        self.leave_taken_ports(member).await?;
        self.start(member).await
    }

    /// How `member` is started now, and the digest that the record keeps.
    fn plan(&self, member: Member) -> (Launch, String) {
        let ports = self.ports();
        let launch = self.launcher.launch(member, &ports);
        // Its kubeconfig names the API server's address.
        let digest = launch.digest(&ports.address(Port::Api));
        (launch, digest)
    }

    async fn answers(&self, member: Member, process: &ProcessRecord) -> bool {
        let ports = self.ports();
        let deadline = Instant::now() + RUNNING_PATIENCE;
        loop {
            if self.probe.ask(member, &ports).await.is_ok() {
                return true;
            }
            if Instant::now() >= deadline || !process.identity.is_alive() {
                return false;
            }
            sleep(POLL).await;
        }
    }

    fn has_taken_port(&self, member: Member) -> bool {
        let ports = self.ports();
        member.ports().iter().any(|port| !ports.is_free(*port))
    }

    /// Gives `member` other ports for those that another program listens on.
    async fn leave_taken_ports(&self, member: Member) -> Result<(), SandboxError> {
        let ports = self.ports();
        for port in member.ports().iter().copied().filter(|port| !ports.is_free(*port)) {
            if self.is_free_soon(port).await {
                continue;
            }
            if port == Port::Git {
                // It is in the repository's address.
                return Err(SandboxError::GitPortTaken { address: ports.address(port) });
            }
            let from = ports.get(port);
            let others = self.sandbox.ports_of_others();
            let to = self.update(|record| record.ports.move_away(port, &others).map_err(SandboxError::NoPort))?;
            (self.sink)(SandboxEvent::PortMoved { member, from, to });
            if port == Port::Api {
                kubeconfig::write_all(self.sandbox, &self.ports())?;
            }
        }
        Ok(())
    }

    /// A killed process holds its sockets until its last thread is gone, which takes a while on a busy machine, and
    /// another sandbox may just be trying the port out: both are over soon. A port that moves costs more than the wait,
    /// the API server's most of all: everything that talks to it is started again.
    async fn is_free_soon(&self, port: Port) -> bool {
        for _ in 0..TRIES {
            if self.ports().is_free(port) {
                return true;
            }
            sleep(POLL).await;
        }
        false
    }

    async fn start(&self, member: Member) -> Result<(), SandboxError> {
        (self.sink)(SandboxEvent::Starting { member });
        let clock = Instant::now();
        let (launch, digest) = self.plan(member);
        let log = self.sandbox.log(member);
        let mut process = process::start(&launch, &log)?;
        let entry = ProcessRecord { identity: process.identity.clone(), launch: digest };
        let ports = self.update(|record| {
            record.processes.insert(member, entry);
            Ok(record.ports.clone())
        })?;
        self.started.fetch_add(1, Ordering::Relaxed);
        loop {
            let Err(reason) = self.probe.ask(member, &ports).await else { break };
            if let Some(status) = process.ended() {
                let tail = process::tail(&log, TAIL);
                return Err(SandboxError::Died { member, status, log, tail });
            }
            if clock.elapsed() > START_PATIENCE {
                let (seconds, tail) = (START_PATIENCE.as_secs(), process::tail(&log, TAIL));
                return Err(SandboxError::NotReady { member, seconds, reason, log, tail });
            }
            sleep(POLL).await;
        }
        (self.sink)(SandboxEvent::Ready { member, elapsed: Some(clock.elapsed()) });
        Ok(())
    }
}
