//! Bringing a sandbox of processes up: bring what is recorded and what runs into line.

use std::{collections::BTreeSet, path::Path};

use futures::future::try_join_all;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    Sink,
    cluster::Cluster,
    component::{ARGOCD, ArgoInstall, Component, Components, FLUX, hex},
    driver::UpSettings,
    error::SandboxError,
    event::SandboxEvent,
    files::create_private_folder,
    kubeconfig,
    launch::Launcher,
    layout::Sandbox,
    member::Member,
    pki::{self, ARGOCD_NAMESPACE},
    record::{Driver, EngineKind},
    supervisor::Supervisor,
};

/// The folders of the processes.
const FOLDERS: [&str; 9] = [
    "logs",
    "work",
    "data/etcd",
    "data/source-controller",
    "work/argocd/tls",
    "work/argocd/ssh",
    "work/argocd/gpg/source",
    "work/argocd/gpg/keys",
    "work/argocd/plugin",
];

/// Starts what does not run, starts anew what does not answer or should run differently. Gives
/// the number of processes that were started.
pub(super) async fn up(sandbox: &Sandbox, settings: &UpSettings, sink: Sink<'_>) -> Result<usize, SandboxError> {
    // Before the lock: this may take minutes, and the sandbox is not touched by it.
    let components = Components::new(&settings.components, sink);
    let members = settings.engine.members();
    let mut needed: BTreeSet<_> = members.iter().filter_map(|member| member.component()).collect();
    if settings.engine == EngineKind::Argocd {
        needed.insert(Component::Kustomize);
    }
    let paths = components.ensure(&needed).await?;
    let manifests = match settings.engine {
        EngineKind::None => None,
        EngineKind::Flux => Some(components.flux_manifests(FLUX).await?),
        EngineKind::Argocd => Some(components.argocd_manifests(ARGOCD, ArgoInstall::Core).await?),
    };

    let _lock = sandbox.lock(sink).await?;
    let mut record = sandbox.read_or_create(Driver::Process, sink).await?;
    record.git_repositories.extend(settings.git_repositories.clone());
    record.engine = settings.engine;
    record.versions = paths.versions();
    record.write(&sandbox.record_path())?;
    for folder in FOLDERS {
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
            let engine = async {
                let Some(manifests) = manifests else { return Ok(()) };
                self.prepare(engine, &cluster, manifests).await?;
                let members: Vec<_> = engine.members().into_iter().filter(|one| !Member::BASE.contains(one)).collect();
                try_join_all(members.into_iter().map(ensure)).await?;
                Ok(())
            };
            tokio::try_join!(engine, controllers, node, ensure(Member::KubeScheduler))?;
            Ok(())
        };
        tokio::try_join!(ensure(Member::GitServer), kubernetes)?;
        Ok(())
    }

    /// The engine's controllers exit when their kinds are not served, so those come first; and they act with the roles
    /// of their service accounts, which come from the same manifests.
    async fn prepare(&self, engine: EngineKind, cluster: &Cluster, manifests: &Path) -> Result<(), SandboxError> {
        let text = std::fs::read_to_string(manifests).map_err(|source| SandboxError::io("read", manifests, source))?;
        let digest = hex(&Sha256::digest(&text));
        // Once is enough: later the objects belong to the engine that was handed over.
        if self.supervisor.record().prepared_with.as_deref() == Some(digest.as_str()) {
            return Ok(());
        }
        let clock = Instant::now();
        // Argo CD's manifests leave the namespace to who applies them.
        let namespace = (engine == EngineKind::Argocd).then_some(ARGOCD_NAMESPACE);
        cluster.prepare(manifests, &text, namespace).await?;
        self.supervisor.update(|record| {
            record.prepared_with = Some(digest);
            Ok(())
        })?;
        (self.sink)(SandboxEvent::EnginePrepared { elapsed: clock.elapsed() });
        Ok(())
    }
}
