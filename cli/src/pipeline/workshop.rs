//! Where a run works: exported files of a commit, and one data folder per instance.
//!
//! Terraform never runs in the user's work tree. What is planned and applied is a commit's content,
//! exported for the run and removed after it, so an edited file can neither slip into a plan nor break one.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::{
    platform::{EnvironmentName, Instance, Platform, layout},
    repo::{Repository, Snapshot},
    store::{Location, Store},
    terraform::{Binary, Interrupt, ProviderMirrors, Terraform, Workspace},
};

use super::{
    PipelineError,
    backend::{StateLocation, Stores},
    bundle::hex,
    exported::Tree,
};

/// A repository, and the folder to work on it in.
#[derive(Debug, Clone)]
pub struct Site {
    repository: Repository,
    work: PathBuf,
}

impl Site {
    /// A site for `repository`, with its folder below `cache`.
    pub fn new(repository: Repository, cache: &Path) -> Self {
        let id = hex(&Sha256::digest(repository.root().as_os_str().as_encoded_bytes()));
        let work = cache.join("work").join(&id[..16]);
        Self { repository, work }
    }

    /// The repository that is worked on.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Exports what Terraform can read of `snapshot`.
    ///
    /// # Errors
    /// [`PipelineError::Io`], [`PipelineError::Repo`].
    pub fn export(&self, snapshot: &Snapshot) -> Result<Tree, PipelineError> {
        let io = |source| PipelineError::Io { verb: "make a folder in", path: self.work.clone(), source };
        let tree = Tree::new(&self.work).map_err(io)?;
        snapshot.export(tree.path())?;
        Ok(tree)
    }

    /// The stores of `environment`, with the bundles in the folder `bundles` instead of the plan store, if one is given.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::Location`]; [`PipelineError::Io`] when there is no such folder.
    pub(super) fn stores(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        bundles: Option<&Path>,
    ) -> Result<Stores, PipelineError> {
        let mut stores = Stores::open(platform, environment, self.repository.root())?;
        if let Some(folder) = bundles {
            let io = |source| PipelineError::Io { verb: "read", path: folder.to_owned(), source };
            // A store would make the folder, and a mistyped name look like plans that were never made.
            std::fs::read_dir(folder).map_err(io)?;
            stores.plans = Store::open(&Location::Folder(folder.to_owned()))?;
        }
        Ok(stores)
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
            std::fs::create_dir_all(&folder)?;
            Ok(tempfile::Builder::new().prefix("plan-").tempfile_in(&folder)?.into_temp_path())
        };
        make().map_err(|source| PipelineError::Io { verb: "make a file in", path: folder.clone(), source })
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
        std::fs::create_dir_all(self.data(instance)).map_err(io)?;
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
        };
        Ok(Terraform::new(self.binary.clone(), workspace)?)
    }
}
