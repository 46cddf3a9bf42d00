//! Bringing a sandbox of processes up: bring what is recorded and what runs into line.

use std::path::Path;

use futures::future::try_join_all;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    Sink,
    cluster::Cluster,
    component::{Components, FLUX, hex},
    driver::UpSettings,
    error::SandboxError,
    event::SandboxEvent,
    files::create_private_folder,
    kubeconfig,
    launch::Launcher,
    layout::Sandbox,
    member::Member,
    pki,
    record::{Driver, EngineKind},
    supervisor::Supervisor,
};

/// Starts what does not run, starts anew what does not answer or should run differently. Gives
/// the number of processes that were started.
pub(super) async fn up(sandbox: &Sandbox, settings: &UpSettings, sink: Sink<'_>) -> Result<usize, SandboxError> {
    // Before the lock: this may take minutes, and the sandbox is not touched by it.
    let components = Components::new(&settings.components, sink);
    let members = settings.engine.members();
    let paths = components.ensure(&members.iter().filter_map(|member| member.component()).collect()).await?;
    let manifests = match settings.engine {
        EngineKind::None => None,
        EngineKind::Flux => Some(components.flux_manifests(FLUX).await?),
    };

    let _lock = sandbox.lock(sink).await?;
    let mut record = sandbox.read_or_create(Driver::Process, sink).await?;
    record.git_repositories.extend(settings.git_repositories.clone());
    record.engine = settings.engine;
    record.versions = paths.versions();
    record.write(&sandbox.record_path())?;
    for folder in ["logs", "work", "data/etcd", "data/source-controller"] {
        create_private_folder(&sandbox.folder().join(folder))?;
    }
    pki::ensure(&sandbox.pki(), jiff::Zoned::now().year())?;
    kubeconfig::write_all(sandbox, &record.ports)?;

    let launcher = Launcher { sandbox, components: &paths, kstack: &settings.kstack };
    let boot = Boot { sandbox, supervisor: Supervisor::new(launcher, record, sink)?, sink };
    boot.supervisor.stop_strays(&members).await?;
    boot.run(settings.engine, manifests.as_deref()).await?;
    Ok(boot.supervisor.started())
}

struct Boot<'a> {
    sandbox: &'a Sandbox,
    supervisor: Supervisor<'a>,
    sink: Sink<'a>,
}

impl Boot<'_> {
    /// Each process as soon as what it needs is there.
    async fn run(&self, engine: EngineKind, manifests: Option<&Path>) -> Result<(), SandboxError> {
        let ensure = |member| self.supervisor.ensure(member);
        let kubernetes = async {
            ensure(Member::Etcd).await?;
            ensure(Member::KubeApiserver).await?;
            let cluster = Cluster::connect(&self.sandbox.kubeconfig()).await?;
            let controllers = async {
                ensure(Member::KubeControllerManager).await?;
                cluster.wait_for_service_account().await
            };
            let node = async {
                ensure(Member::Kwok).await?;
                let clock = Instant::now();
                cluster.ensure_node().await?;
                (self.sink)(SandboxEvent::NodeReady { elapsed: clock.elapsed() });
                Ok(())
            };
            let flux = async {
                let (EngineKind::Flux, Some(manifests)) = (engine, manifests) else { return Ok(()) };
                self.prepare_flux(&cluster, manifests).await?;
                try_join_all(Member::FLUX.map(ensure)).await?;
                Ok(())
            };
            tokio::try_join!(flux, controllers, node, ensure(Member::KubeScheduler))?;
            Ok(())
        };
        tokio::try_join!(ensure(Member::GitServer), kubernetes)?;
        Ok(())
    }

    /// Flux's controllers exit when their kinds are not served, so those come first; and they act with the roles
    /// of their service accounts, which come from the same manifests.
    async fn prepare_flux(&self, cluster: &Cluster, manifests: &Path) -> Result<(), SandboxError> {
        let text = std::fs::read_to_string(manifests).map_err(|source| SandboxError::io("read", manifests, source))?;
        let digest = hex(&Sha256::digest(&text));
        // Once is enough: later the objects belong to the engine that was handed over.
        if self.supervisor.record().prepared_with.as_deref() == Some(digest.as_str()) {
            return Ok(());
        }
        let clock = Instant::now();
        cluster.prepare_flux(manifests, &text).await?;
        self.supervisor.update(|record| {
            record.prepared_with = Some(digest);
            Ok(())
        })?;
        (self.sink)(SandboxEvent::EnginePrepared { elapsed: clock.elapsed() });
        Ok(())
    }
}
