//! The state of `infra/bootstrap` as long as there is no bucket: a file below `.kstack/`, which only this user can read.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{
    pipeline::{PipelineError, exported::Tree},
    platform::{Instance, layout},
    terraform::StateFile,
};

/// Replaces the backend of the configuration: <https://developer.hashicorp.com/terraform/language/files/override>.
const OVERRIDE: (&str, &str) = ("kstack_bootstrap_override.tf", "terraform {\n  backend \"local\" {}\n}\n");

/// The file and its folder.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
}

impl Disk {
    /// In the repository at `root`; nothing is made yet.
    pub(super) fn new(root: &Path) -> Self {
        Self { path: root.join(layout::WORK).join("bootstrap").join("terraform.tfstate") }
    }

    /// Where Terraform keeps the state.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Makes the folder, which Git passes over whatever the repository ignores.
    pub(super) fn prepare(&self) -> Result<(), PipelineError> {
        let folder = self.folder();
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| failed("make", folder, source))?;
        let ignore = folder.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(|source| failed("write", &ignore, source))
    }

    /// Lets the exported stack keep its state here, instead of in the bucket that it is about to make.
    pub(super) fn take_over(&self, tree: &Tree, instance: &Instance) -> Result<(), PipelineError> {
        let path = override_path(tree, instance);
        fs::write(&path, OVERRIDE.1).map_err(|source| failed("write", &path, source))
    }

    /// Gives the exported stack its own backend back.
    pub(super) fn hand_back(&self, tree: &Tree, instance: &Instance) -> Result<(), PipelineError> {
        let path = override_path(tree, instance);
        fs::remove_file(&path).map_err(|source| failed("delete", &path, source))
    }

    /// The state and its bytes; `None` when there is none.
    pub(super) fn read(&self) -> Result<Option<(Vec<u8>, StateFile)>, PipelineError> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| failed("read", &self.path, source))?,
        };
        // Terraform leaves an empty file behind when its first run fails.
        if bytes.is_empty() {
            return Ok(None);
        }
        let state = StateFile::parse(&bytes)
            .map_err(|source| PipelineError::State { location: self.path.display().to_string(), source })?;
        Ok(Some((bytes, state)))
    }

    /// Takes the file out of the way once the state has moved. It is kept under another name, which no Terraform
    /// looks for; Terraform's own copies of older versions go.
    pub(super) fn retire(&self, state: &StateFile) -> Result<PathBuf, PipelineError> {
        let backup = self.folder().join(format!("moved-{}-{}.tfstate", state.lineage, state.serial));
        fs::rename(&self.path, &backup).map_err(|source| failed("rename", &self.path, source))?;
        let older = self.folder().join("terraform.tfstate.backup");
        match fs::remove_file(&older) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", &older, error)),
            _ => Ok(backup),
        }
    }

    /// Keeps a state that Terraform could not write: the folder that it left it in goes away.
    pub(super) fn rescue(&self, path: &Path) -> Result<PathBuf, PipelineError> {
        self.prepare()?;
        let kept = self.folder().join("errored.tfstate");
        fs::copy(path, &kept).map_err(|source| failed("write", &kept, source))?;
        Ok(kept)
    }
}

fn override_path(tree: &Tree, instance: &Instance) -> PathBuf {
    tree.path().join(layout::stack(&instance.stack)).join(OVERRIDE.0)
}

fn failed(verb: &'static str, path: &Path, source: io::Error) -> PipelineError {
    PipelineError::Io { verb, path: path.to_owned(), source }
}
