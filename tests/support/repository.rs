//! A platform's repository in a [`World`]: made by hand, with Terraform's built-in resource, which needs no provider.

use std::{fs, path::Path};

use kstack::{
    pipeline::{Journal, Record},
    platform::EnvironmentName,
    store::{Location, Store},
    terraform::StateFile,
};

use super::cli::{Ran, World};

/// `kstack.hcl` of a platform with two environments and state on this machine.
const PLATFORM: &str = r#"kstack {
  version = "0.1.0"
}

platform "acme" {
  base_domain    = "acme.localhost"
  repository     = "https://git.example.com/acme/platform"
  default_branch = "main"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "local" {}

engine "flux" {
  version = "2.7.3"
  mode    = "classic"
}

# One after the other, so that what is printed has one order.
pipeline {
  parallelism = 1
}
"#;

/// A repository in the working folder of a world that has Git and Terraform.
pub struct Repository {
    pub world: World,
}

impl Repository {
    /// A repository with a first commit: the platform, without a stack.
    pub fn new() -> Self {
        let mut world = World::new();
        world.install("git");
        world.install("terraform");
        // In what is printed, times, hashes and run ids are the only things that differ from run to run.
        world.filter(r"\(\d+\.\d s\)", "([TIME])");
        world.filter(r"\d{8}T\d{9}Z-[0-9a-f]{8}", "[RUN]");
        world.filter(r"[0-9a-f]{64}", "[SHA256]");
        world.filter(r"[0-9a-f]{16}\.zip", "[PLAN].zip");
        world.filter(r"age1[0-9a-z]{58}", "[RECIPIENT]");
        world.filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UUID]");
        world.filter(r"commit [0-9a-f]{7}\b", "commit [COMMIT]");
        let repository = Self { world };
        repository.write("kstack.hcl", PLATFORM);
        repository.write(".gitignore", "/.kstack/\n");
        for environment in ["ops", "apps"] {
            repository
                .write(&format!("environments/{environment}.tfvars"), &format!("environment = \"{environment}\"\n"));
        }
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("Found the platform");
        repository
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        self.world.write(path, text);
    }

    /// Writes a stack `infra/<name>` that has `resources`.
    pub fn stack(&self, name: &str, resources: &str) {
        let main = format!(
            "terraform {{\n  backend \"local\" {{}}\n}}\n\nvariable \"environment\" {{\n  type = string\n}}\n\n{resources}"
        );
        self.write(&format!("infra/{name}/main.tf"), &main);
    }

    /// Runs Git and gives what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.world.must("", "git", arguments).trim().to_owned()
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Runs `kstack`.
    #[must_use = "compare the output or the exit code"]
    pub fn kstack(&self, arguments: &[&str]) -> Ran {
        self.world.kstack(arguments)
    }

    /// Plans the newest change and applies it.
    pub fn deliver(&self) {
        let _ = self.kstack(&["plan"]).done();
        let _ = self.kstack(&["apply", "--no-handoff"]).done();
    }

    /// The folder of the pipeline's own objects.
    pub fn pipeline(&self) -> std::path::PathBuf {
        self.world.work().join(".kstack/pipeline")
    }

    /// The state of a stack in `ops`.
    pub fn state(&self, stack: &str) -> StateFile {
        StateFile::parse(&fs::read(self.world.work().join(format!(".kstack/state/ops/{stack}.tfstate"))).unwrap())
            .unwrap()
    }

    /// The newest journal of `ops`.
    pub fn journal(&self) -> Record {
        newest_journal(&Store::open(&Location::Folder(self.pipeline().join("records"))).unwrap())
    }

    /// The only bundle there is.
    pub fn bundle(&self) -> std::path::PathBuf {
        let bundles: Vec<_> = super::cli::files_below(&self.pipeline().join("plans"));
        let [bundle] = bundles.as_slice() else { panic!("{bundles:?}") };
        self.pipeline().join("plans").join(bundle)
    }
}

/// The newest journal of `ops` in the records of any store.
pub fn newest_journal(records: &Store) -> Record {
    let ops: EnvironmentName = "ops".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Journal::recent(records, &ops, 1)).unwrap().remove(0)
}

/// Waits until the file `path` exists and says something.
pub fn until_written(path: &Path) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while fs::read(path).unwrap_or_default().is_empty() {
        assert!(std::time::Instant::now() < deadline, "`{}` never came to be", path.display());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
