//! Where a run works: exported files of a commit, and one data folder per instance.
//!
//! Terraform never runs in the user's work tree. What is planned and applied is a commit's content,
//! exported for the run and removed after it, so an edited file can neither slip into a plan nor break one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::{
    closure::Closure,
    platform::{EnvironmentName, Instance, Platform, layout},
    repo::{Repository, Snapshot},
    terraform::{Binary, Interrupt, ProviderMirrors, ProviderStore, Terraform, Workspace},
};

use super::{
    PipelineError,
    backend::{StateLocation, Stores},
    bundle::hex,
    exported::Tree,
};

/// What the names of plan files begin with; the process that made one follows.
const PLAN: &str = "plan-";
/// The folder of the provider store, below kstack's cache folder.
pub const PROVIDERS: &str = "providers";

/// A repository, and the folder to work on it in.
#[derive(Debug, Clone)]
pub struct Site {
    repository: Repository,
    work: PathBuf,
    providers: ProviderStore,
}

impl Site {
    /// A site for `repository`, with its folder below `cache`.
    pub fn new(repository: Repository, cache: &Path) -> Self {
        let id = hex(&Sha256::digest(repository.root().as_os_str().as_encoded_bytes()));
        let work = cache.join("work").join(&id[..16]);
        Self { repository, work, providers: ProviderStore::new(cache.join(PROVIDERS)) }
    }

    /// The repository that is worked on.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Exports all that `snapshot` holds.
    ///
    /// # Errors
    /// [`PipelineError::Io`], [`PipelineError::Repo`].
    pub fn export(&self, snapshot: &Snapshot) -> Result<Tree, PipelineError> {
        self.export_without(snapshot, &|_| false)
    }

    /// Exports `snapshot` without the folders of stacks that none of `closures` has a file of. With thousands of stacks,
    /// writing the others would take longer than planning one; and a file that a closure should have had and has not is
    /// missed by Terraform instead of slipping into a plan.
    ///
    /// # Errors
    /// As [`Site::export`].
    pub(super) fn export_for<'c>(
        &self,
        snapshot: &Snapshot,
        closures: impl IntoIterator<Item = &'c Closure>,
    ) -> Result<Tree, PipelineError> {
        let files = closures.into_iter().flat_map(|closure| closure.files.keys());
        let read: BTreeSet<&str> = files.filter_map(|path| stack_folder(path)).collect();
        self.export_without(snapshot, &|folder| stack_folder(folder) == Some(folder) && !read.contains(folder))
    }

    fn export_without(&self, snapshot: &Snapshot, without: &dyn Fn(&str) -> bool) -> Result<Tree, PipelineError> {
        let io = |source| PipelineError::Io { verb: "make a folder in", path: self.work.clone(), source };
        let tree = Tree::new(&self.work).map_err(io)?;
        snapshot.export_without(tree.path(), without)?;
        Ok(tree)
    }

    /// The stores of `environment`.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::Location`].
    pub(super) fn stores(&self, platform: &Platform, environment: &EnvironmentName) -> Result<Stores, PipelineError> {
        Stores::open(platform, environment, self.repository.root())
    }

    /// Where the state of `instance` lives.
    pub fn state(&self, tree: &Tree, platform: &Platform, instance: &Instance) -> StateLocation {
        StateLocation::of(platform, instance, self.repository.root(), tree.path())
    }

    /// A new empty file for a plan of `instance`. Plans may carry secrets, so only the user can read it, and
    /// it goes with what is returned.
    ///
    /// # Errors
    /// [`PipelineError::Io`].
    pub fn secret_file(&self, instance: &Instance) -> Result<TempPath, PipelineError> {
        let folder = self.data(instance);
        let make = || {
            make_private(&folder)?;
            sweep_plans(&folder)?;
            let prefix = format!("{PLAN}{}-", std::process::id());
            Ok(tempfile::Builder::new().prefix(&prefix).tempfile_in(&folder)?.into_temp_path())
        };
        make().map_err(|source| PipelineError::Io { verb: "make a file in", path: folder.clone(), source })
    }

    /// Removes the plans of `instance` that killed runs of this machine left.
    ///
    /// # Errors
    /// [`PipelineError::Io`].
    pub(super) fn forget_plans(&self, instance: &Instance) -> Result<(), PipelineError> {
        let path = self.data(instance);
        match sweep_plans(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(PipelineError::Io { verb: "look into", path, source })
            }
            _ => Ok(()),
        }
    }

    /// Waits until no other run of this machine uses the data folder of `instance`, and keeps them out as long
    /// as the returned file is open. The system opens the way when a run is killed.
    ///
    /// # Errors
    /// [`PipelineError::Io`]; interrupted, it returns at once, since nothing is started then.
    pub(super) async fn occupy(
        &self,
        instance: &Instance,
        interrupt: &Interrupt,
        waiting: impl FnOnce(),
    ) -> Result<File, PipelineError> {
        let path = self.data(instance).join("in-use");
        let io = |source| PipelineError::Io { verb: "lock", path: path.clone(), source };
        make_private(&self.data(instance)).map_err(io)?;
        let file = File::create(&path).map_err(io)?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if !interrupt.is_raised() => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
                Ok(()) | Err(TryLockError::WouldBlock) => return Ok(file),
            }
        }
    }

    /// The folder that stays on this machine between the runs of `instance`.
    pub(super) fn data(&self, instance: &Instance) -> PathBuf {
        self.work.join("data").join(instance.key())
    }
}

/// Makes a folder that nobody else can look into: what Terraform keeps and says there may have secrets in it.
fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Removes the plans that killed runs left in `folder`. Their names say whose they are.
fn sweep_plans(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PLAN)?.split('-').next()?.parse().ok());
        let gone = owner.and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH));
        if gone {
            // What cannot be removed now harms nobody; the next run tries again.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// The folder of the stack that `path` is or lies in, such as `infra/dns`.
fn stack_folder(path: &str) -> Option<&str> {
    let name = path.strip_prefix(layout::INFRA)?.strip_prefix('/')?;
    path.get(..path.len() - name.len() + name.find('/').unwrap_or(name.len()))
}

/// A site with a program to plan and apply with.
#[derive(Debug, Clone)]
pub struct Workshop {
    site: Site,
    binary: Binary,
    environment: BTreeMap<String, OsString>,
}

impl Workshop {
    /// A workshop on `site`. `environment` is added to Terraform's environment.
    pub fn new(site: Site, binary: Binary, environment: BTreeMap<String, OsString>) -> Self {
        Self { site, binary, environment }
    }

    /// Where it works.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The program that plans and applies.
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// Terraform, ready to run `instance` in `tree`.
    ///
    /// # Errors
    /// [`PipelineError::Terraform`] when its folders cannot be made.
    pub fn terraform(&self, tree: &Tree, platform: &Platform, instance: &Instance) -> Result<Terraform, PipelineError> {
        self.terraform_on(tree, &self.site.state(tree, platform, instance), instance)
    }

    /// Terraform, ready to run `instance` in `tree` with its state in `state`.
    pub(super) fn terraform_on(
        &self,
        tree: &Tree,
        state: &StateLocation,
        instance: &Instance,
    ) -> Result<Terraform, PipelineError> {
        let workspace = Workspace {
            directory: tree.path().join(layout::stack(&instance.stack)),
            data: self.site.data(instance),
            backend: state.settings().to_vec(),
            environment: self.environment.clone(),
            mirrors: ProviderMirrors::from_env(),
            store: Some(self.site.providers.clone()),
        };
        Ok(Terraform::new(self.binary.clone(), workspace)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_killed_runs_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let names = [
            (format!("plan-{}-a", std::process::id()), true),
            (format!("plan-{}-a", ended.id()), false),
            ("plan-x".to_owned(), true),
            ("plan.jsonl".to_owned(), true),
        ];
        for (name, _) in &names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        sweep_plans(folder.path()).unwrap();
        for (name, stays) in &names {
            assert_eq!(folder.path().join(name).exists(), *stays, "{name}");
        }
    }

    #[test]
    fn a_stacks_folder_is_told_from_the_paths_in_it() {
        for path in ["infra/dns", "infra/dns/main.tf", "infra/dns/policies/read.json"] {
            assert_eq!(stack_folder(path), Some("infra/dns"), "{path}");
        }
        for path in ["infra", "infrastructure/dns/main.tf", "modules/infra/dns/main.tf", "kstack.hcl"] {
            assert_eq!(stack_folder(path), None, "{path}");
        }
    }
}
