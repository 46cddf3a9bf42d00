//! `up` and `down` of a sandbox of processes: bring what is recorded and what runs into line.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::try_join_all;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::{
    Sink,
    cluster::Cluster,
    component::{Component, Components},
    down,
    driver::UpSettings,
    error::SandboxError,
    event::SandboxEvent,
    files::{create_private_folder, write_private},
    kubeconfig,
    launch::{Launch, Launcher},
    layout::Sandbox,
    member::Member,
    pki,
    ports::{Port, is_free},
    probe::Probe,
    process::{self, POLL},
    record::{Driver, EngineKind, ProcessRecord, Record},
};
/// Longest wait for a process to become ready. A cold disk with the API server's 100 MB is the worst case.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait for a process that runs already to answer before it is started anew.
const RUNNING_PATIENCE: Duration = Duration::from_secs(15);
/// How often a process is started again because another program took its port.
const ATTEMPTS: usize = 5;
/// Lines of a log that an error shows.
const TAIL: usize = 12;

/// Brings `sandbox` up: starts what does not run, starts anew what does not answer or should run
/// differently. Gives the number of processes that were started.
pub(super) async fn up(sandbox: &Sandbox, settings: &UpSettings, sink: Sink<'_>) -> Result<usize, SandboxError> {
    if !cfg!(target_os = "linux") {
        return Err(SandboxError::UnsupportedSystem { system: std::env::consts::OS });
    }
    // Before the lock: this may take minutes, and the sandbox is not touched by it.
    let components = Components::new(&settings.components, sink);
    let members = settings.engine.members();
    let paths = components.ensure(&members.iter().filter_map(|member| member.component()).collect()).await?;
    let manifests = match settings.engine {
        EngineKind::None => None,
        EngineKind::Flux => Some(components.flux_manifests().await?),
    };

    let _lock = sandbox.lock(sink).await?;
    let mut record = sandbox.read_or_create(sink).await?;
    record.git_repositories.extend(settings.git_repositories.clone());
    record.driver = Some(Driver::Process);
    record.engine = settings.engine;
    record.versions = members.iter().filter_map(|member| member.component()).map(version).collect();
    record.write(&sandbox.record_path())?;
    for folder in ["logs", "work", "data/etcd", "data/source-controller"] {
        create_private_folder(&sandbox.folder().join(folder))?;
    }
    pki::ensure(&sandbox.pki(), jiff::Zoned::now().year())?;

    let boot = Boot {
        sandbox,
        launcher: Launcher { sandbox, components: &paths, kstack: &settings.kstack },
        probe: Probe::new(&sandbox.pki())?,
        record: Mutex::new(record),
        started: Mutex::new(0),
        sink,
    };
    boot.stop_strays(&members).await?;
    boot.write_kubeconfigs()?;
    boot.run(settings.engine, manifests.as_deref()).await?;
    Ok(boot.started.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn version(component: Component) -> (String, String) {
    (component.name().to_owned(), component.version().to_owned())
}

struct Boot<'a> {
    sandbox: &'a Sandbox,
    launcher: Launcher<'a>,
    probe: Probe,
    record: Mutex<Record>,
    started: Mutex<usize>,
    sink: Sink<'a>,
}

impl Boot<'_> {
    /// Each process as soon as what it needs is there.
    async fn run(&self, engine: EngineKind, manifests: Option<&Path>) -> Result<(), SandboxError> {
        let kubernetes = async {
            self.ensure(Member::Etcd).await?;
            self.ensure(Member::KubeApiserver).await?;
            let cluster = Cluster::connect(&self.sandbox.kubeconfig()).await?;
            let controllers = async {
                self.ensure(Member::KubeControllerManager).await?;
                cluster.wait_for_service_account().await
            };
            let node = async {
                self.ensure(Member::Kwok).await?;
                let clock = Instant::now();
                cluster.ensure_node().await?;
                (self.sink)(SandboxEvent::NodeReady { elapsed: clock.elapsed() });
                Ok(())
            };
            let flux = async {
                let (EngineKind::Flux, Some(manifests)) = (engine, manifests) else { return Ok(()) };
                self.prepare_flux(&cluster, manifests).await?;
                try_join_all(Member::FLUX.map(|member| self.ensure(member))).await?;
                Ok(())
            };
            tokio::try_join!(flux, controllers, node, self.ensure(Member::KubeScheduler))?;
            Ok(())
        };
        tokio::try_join!(self.ensure(Member::GitServer), kubernetes)?;
        Ok(())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the record and writes it.
    fn update<T>(&self, change: impl FnOnce(&mut Record) -> Result<T, SandboxError>) -> Result<T, SandboxError> {
        let mut record = self.record();
        let result = change(&mut record)?;
        record.write(&self.sandbox.record_path())?;
        Ok(result)
    }

    /// Ends processes that bear the sandbox's mark but are not in the record, and those of
    /// members that it no longer has.
    async fn stop_strays(&self, members: &[Member]) -> Result<(), SandboxError> {
        let superfluous: Vec<Member> =
            self.record().processes.keys().copied().filter(|member| !members.contains(member)).collect();
        for member in superfluous {
            let identity = self.record().processes.get(&member).map(|process| process.identity.clone());
            if let Some(identity) = identity {
                down::stop_member(member, &identity, self.sink).await?;
            }
            self.update(|record| Ok(record.processes.remove(&member)))?;
        }
        let known: BTreeSet<u32> = self.record().processes.values().map(|process| process.identity.pid).collect();
        down::stop_marked(self.sandbox, &known, self.sink).await
    }

    fn write_kubeconfigs(&self) -> Result<(), SandboxError> {
        let (pki, context) = (self.sandbox.pki(), self.sandbox.context());
        let api = self.record().ports.address(Port::Api);
        for user in kubeconfig::COMPONENT_USERS {
            let text = kubeconfig::render(&pki, user, &context, &api)?;
            write_private(&pki.join(format!("{user}.kubeconfig")), text.as_bytes())?;
        }
        let text = kubeconfig::render(&pki, "admin", &context, &api)?;
        write_private(&self.sandbox.kubeconfig(), text.as_bytes())
    }

    /// Flux's controllers exit when their kinds are not served, so those come first; and they act with the roles
    /// of their service accounts, which come from the same manifests.
    async fn prepare_flux(&self, cluster: &Cluster, manifests: &Path) -> Result<(), SandboxError> {
        let text = std::fs::read_to_string(manifests).map_err(|source| SandboxError::io("read", manifests, source))?;
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        // Once is enough: later the objects belong to the engine that was handed over.
        if self.record().prepared_with.as_deref() == Some(digest.as_str()) {
            return Ok(());
        }
        let clock = Instant::now();
        cluster.prepare_flux(manifests, &text).await?;
        self.update(|record| {
            record.prepared_with = Some(digest);
            Ok(())
        })?;
        (self.sink)(SandboxEvent::EnginePrepared { elapsed: clock.elapsed() });
        Ok(())
    }

    /// Sees to it that `member` runs as it should and answers.
    async fn ensure(&self, member: Member) -> Result<(), SandboxError> {
        let recorded = self.record().processes.get(&member).cloned();
        if let Some(process) = recorded {
            let reason = if process.launch != self.plan(member).1 {
                "its settings changed"
            } else if !process.identity.is_alive() {
                "it was not running"
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
            self.leave_taken_ports(member)?;
            match self.start(member).await {
                // It lost a race for its port: another one, once more.
                Err(SandboxError::Died { .. }) if self.has_taken_port(member) => {}
                result => return result,
            }
        }
        self.leave_taken_ports(member)?;
        self.start(member).await
    }

    /// How `member` is started now, and the digest that the record keeps.
    fn plan(&self, member: Member) -> (Launch, String) {
        let ports = self.record().ports.clone();
        let launch = self.launcher.launch(member, &ports);
        let digest = launch.digest(&ports.address(Port::Api)); // through its kubeconfig
        (launch, digest)
    }

    async fn answers(&self, member: Member, process: &ProcessRecord) -> bool {
        let ports = self.record().ports.clone();
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
        let record = self.record();
        member.ports().iter().any(|port| !is_free(record.ports.get(*port)))
    }

    /// Gives `member` other ports for those that another program listens on.
    fn leave_taken_ports(&self, member: Member) -> Result<(), SandboxError> {
        let taken: Vec<Port> = {
            let record = self.record();
            member.ports().iter().copied().filter(|port| !is_free(record.ports.get(*port))).collect()
        };
        for port in taken {
            let from = self.record().ports.get(port);
            if port == Port::Git {
                return Err(SandboxError::GitPortTaken { port: from });
            }
            let others = self.sandbox.ports_of_others();
            let to = self.update(|record| record.ports.move_away(port, &others).map_err(SandboxError::NoPort))?;
            (self.sink)(SandboxEvent::PortMoved { member, from, to });
            if port == Port::Api {
                self.write_kubeconfigs()?;
            }
        }
        Ok(())
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
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        loop {
            let reason = match self.probe.ask(member, &ports).await {
                Ok(()) => break,
                Err(reason) => reason,
            };
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
