//! A platform as a person makes it: scaffolded, committed, and pushed to a repository that the Git server of the
//! local cluster serves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use kstack::{
    platform::{RepositoryName, SandboxName},
    sandbox::{DriverChoice, Reservation, Sandbox},
};
use secrecy::ExposeSecret as _;

use crate::support::{
    cli::{Ran, World},
    components,
};

/// The folder of the platform in the world's working folder.
pub const PLATFORM: &str = "platform";
/// The environment of the platform.
pub const ENVIRONMENT: &str = "ops";
/// The sandbox that is the platform's one cluster: its name follows from `gc0`, the environment and the provider.
pub const SANDBOX: &str = "gc0-ops-local";

/// A file that a team would change.
pub const DEPLOYMENT: &str = "apps/hello/base/deployment.yaml";

/// A platform for the provider `local`. Its cluster runs once `kstack apply` made it, and goes when this is dropped.
pub struct Platform {
    world: World,
    sandbox: Sandbox,
    reservation: Reservation,
}

impl Platform {
    /// Scaffolds the platform and commits it. Nothing is pushed yet, and there is no remote.
    pub async fn new() -> Self {
        let mut world = World::new();
        world.install("git");
        world.install("terraform");
        let home = world.root().join("data");
        world.set("KSTACK_HOME", &home);
        world.set("KSTACK_CACHE_DIR", world.root().join("cache"));
        world.set("KSTACK_COMPONENTS_DIR", components::dir());
        world.set("KSTACK_OBTAIN", "build");
        world.must("", "git", &["init", "--quiet", "--bare", "--initial-branch", "main", "../remote.git"]);

        // The repository's address is written to the platform's files, so it must be known before the cluster runs.
        let sandbox = Sandbox::new(&home, SandboxName::new(SANDBOX).unwrap());
        let name = RepositoryName::new("platform").unwrap();
        let repositories = BTreeMap::from([(name.clone(), world.root().join("remote.git"))]);
        let reservation = sandbox.reserve(DriverChoice::Process, &repositories, &|_| {}).await.unwrap();

        let platform = Self { world, sandbox, reservation };
        let url = platform.reservation.git_url(&name);
        platform.init(PLATFORM, &["--provider", "local", "--repository", &url]);
        platform
    }

    /// Scaffolds another platform in `folder` and commits it.
    pub fn init(&self, folder: &str, arguments: &[&str]) {
        let manifests = components::flux_manifests();
        let fixed = ["init", folder, "--environments", ENVIRONMENT, "--engine-manifests", manifests.to_str().unwrap()];
        self.world.kstack(&[&fixed, arguments].concat()).done();
        self.world.must(folder, "git", &["add", "--all"]);
        self.world.must(folder, "git", &["commit", "--quiet", "--message", "Scaffold the platform"]);
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The password of the Git server, as it is when nobody mistyped it.
    pub fn git_token(&self) -> &str {
        self.reservation.git_token.expose_secret()
    }

    /// The repository that Flux pulls, as a path.
    pub fn remote(&self) -> PathBuf {
        self.world.root().join("remote.git")
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Where `path` of the platform lies.
    pub fn path(&self, path: &str) -> PathBuf {
        self.world.work().join(PLATFORM).join(path)
    }

    /// Runs `git` in the platform; what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.world.must(PLATFORM, "git", arguments).trim().to_owned()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Changes a file of the platform: its one `from` becomes `to`.
    #[track_caller]
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
        fs::write(self.path(path), text.replace(from, to)).unwrap();
    }

    /// Commits everything; the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.head()
    }

    /// A commit that changes no file.
    pub fn commit_nothing(&self) {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Nothing"]);
    }

    /// Adds the remote, as a person does after creating a repository at a forge.
    pub fn add_remote(&self, url: impl AsRef<Path>) {
        self.git(&["remote", "add", "origin", url.as_ref().to_str().unwrap()]);
    }

    /// Pushes `main`.
    pub fn push(&self) {
        self.git(&["push", "--quiet", "origin", "main"]);
    }

    /// Plans what the last commit changes, and keeps the plans; what comes next may be applied.
    pub fn plan(&self) -> Ran {
        self.kstack(&["plan"]).done()
    }

    /// Runs `kstack` in the platform; how long it took is printed for those who watch.
    #[must_use = "compare the output or the exit code"]
    #[expect(clippy::print_stdout, reason = "the test harness keeps it back unless asked")]
    pub fn kstack(&self, arguments: &[&str]) -> Ran {
        let clock = Instant::now();
        let ran = self.world.kstack_in(PLATFORM, arguments);
        println!("$ kstack {}   # {:.1} s\n{ran}", arguments.join(" "), clock.elapsed().as_secs_f64());
        ran
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if self.sandbox.exists() {
            // After a failed assertion, whether this helps is not the test's question.
            let _ = self.world.kstack(&["sandbox", "down", SANDBOX]);
        }
    }
}
