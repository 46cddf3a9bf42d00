//! Where a run works: exported files of a commit, and one data folder per instance.
//!
//! Terraform never runs in the user's work tree. What is planned and applied is a commit's content,
//! exported for the run and removed after it, so an edited file can neither slip into a plan nor break one.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    platform::{Instance, Platform, layout},
    repo::{Repository, Snapshot},
    terraform::{Binary, ProviderMirrors, Terraform, Workspace},
};

use super::{PipelineError, backend::StateLocation, bundle::hex};

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
        std::fs::create_dir_all(&self.work).map_err(io)?;
        let folder = tempfile::Builder::new().prefix("tree-").tempdir_in(&self.work).map_err(io)?;
        snapshot.export(folder.path())?;
        Ok(Tree { folder })
    }

    /// Where the state of `instance` lives.
    pub fn state(&self, tree: &Tree, platform: &Platform, instance: &Instance) -> StateLocation {
        StateLocation::of(platform, instance, self.repository.root(), tree.path())
    }

    /// A file of the run that belongs to `instance`, such as its plan.
    pub fn file(&self, instance: &Instance, name: &str) -> PathBuf {
        self.data(instance).join(name)
    }

    fn data(&self, instance: &Instance) -> PathBuf {
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
        let state = self.site.state(tree, platform, instance);
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

/// The exported files of a commit; removed when dropped.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
}

impl Tree {
    /// The folder that stands for the repository's root.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
