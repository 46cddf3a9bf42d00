//! A sandbox to hand over: a real API server, and, when asked for, the real controllers of Flux.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use kstack::{
    platform::{RepositoryName, SandboxName},
    sandbox::{
        ComponentSettings, Components, DriverChoice, EngineKind, FLUX_VERSION, Obtain, Reservation, Sandbox, UpSettings,
    },
};

/// A sandbox with a Git server, in a home of its own; it goes away with this value.
pub struct Lab {
    home: tempfile::TempDir,
    sandbox: Sandbox,
    components: ComponentSettings,
    repository: RepositoryName,
    git: Reservation,
}

impl Lab {
    /// Starts Kubernetes without an engine, and an empty repository beside it.
    pub async fn up() -> Self {
        let home = tempfile::tempdir().unwrap();
        let remote = home.path().join("platform.git");
        let made =
            Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch", "main"]).arg(&remote).status();
        assert!(made.unwrap().success());
        let sandbox = Sandbox::new(home.path(), SandboxName::new("sync").unwrap());
        let repository = RepositoryName::new("platform").unwrap();
        let git = sandbox
            .reserve(DriverChoice::Process, &BTreeMap::from([(repository.clone(), remote)]), &|_| ())
            .await
            .unwrap();
        let components = ComponentSettings { assets: None, cache: component_cache(), obtain: Obtain::Any };
        let lab = Self { home, sandbox, components, repository, git };
        lab.start(EngineKind::None).await;
        lab
    }

    /// Starts Flux's controllers as well.
    pub async fn start_flux(&self) {
        self.start(EngineKind::Flux).await;
    }

    /// Starts the controllers of `engine` as well.
    pub async fn start(&self, engine: EngineKind) {
        let settings = UpSettings {
            driver: DriverChoice::Process,
            engine,
            components: self.components.clone(),
            kstack: PathBuf::from(env!("CARGO_BIN_EXE_kstack")),
            git_repositories: BTreeMap::new(),
        };
        self.sandbox.up(&settings, &|_| ()).await.unwrap();
    }

    /// The text of Flux's install manifests.
    pub async fn manifests(&self) -> String {
        let path = Components::new(&self.components, &|_| ()).flux_manifests(FLUX_VERSION).await.unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.git.kubeconfig
    }

    /// Where the engine reads the repository.
    pub fn url(&self) -> String {
        self.git.git_url(&self.repository)
    }

    /// The same repository for this machine, without the server.
    pub fn remote(&self) -> PathBuf {
        self.home.path().join("platform.git")
    }

    /// What the server asks for.
    pub fn git(&self) -> &Reservation {
        &self.git
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Also after a failed test nothing may keep running.
        let down = Command::new(env!("CARGO_BIN_EXE_kstack"))
            .args(["--quiet", "sandbox", "down", "sync"])
            .env("KSTACK_HOME", self.home.path())
            .status();
        assert!(std::thread::panicking() || down.unwrap().success(), "the sandbox cannot be taken down");
    }
}

/// Components are shared by all tests and with the user: building them takes minutes.
fn component_cache() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    variable("KSTACK_COMPONENTS_DIR")
        .or_else(|| Some(variable("KSTACK_CACHE_DIR")?.join("components")))
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("kstack/components")))
        .or_else(|| Some(variable("HOME")?.join(".cache/kstack/components")))
        .unwrap()
}
