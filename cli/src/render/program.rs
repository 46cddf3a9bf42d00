//! The program that builds kustomizations: `kubectl kustomize` or `kustomize build`.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use super::RenderError;
use crate::program;

/// A program that builds kustomizations.
#[derive(Debug, Clone)]
pub struct Kustomize {
    path: PathBuf,
    /// The subcommand that builds.
    build: &'static str,
    /// What tells two builds of the program apart without running it.
    identity: String,
}

impl Kustomize {
    /// Finds the program: `setting` (a path or a name), or else kubectl, or else kustomize, in the
    /// folders of `path` (the text of `PATH`).
    ///
    /// # Errors
    /// [`RenderError::NoProgram`], or [`RenderError::NotAProgram`] for a setting that leads nowhere.
    pub fn find(setting: Option<&OsStr>, path: Option<&OsStr>) -> Result<Self, RenderError> {
        let found = match setting.filter(|setting| !setting.is_empty()) {
            Some(setting) => program::find_in(setting, path)
                .ok_or_else(|| RenderError::NotAProgram { path: Path::new(setting).to_owned() })?,
            None => program::find_in("kubectl", path)
                .or_else(|| program::find_in("kustomize", path))
                .ok_or(RenderError::NoProgram)?,
        };
        let kubectl = found.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kubectl"));
        let real = found.canonicalize().map_err(RenderError::io(&found))?;
        let metadata = real.metadata().map_err(RenderError::io(&real))?;
        let identity = format!("{} {} {:?}", real.display(), metadata.len(), metadata.modified().ok());
        Ok(Self { path: found, build: if kubectl { "kustomize" } else { "build" }, identity })
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// What the program prints for the kustomization in `folder`; the error is what it says.
    ///
    /// It sees none of our environment: no kubeconfig, no credentials, no plugins of the user.
    pub(super) async fn build(&self, folder: &Path) -> Result<Result<String, String>, RenderError> {
        let output = tokio::process::Command::new(&self.path)
            .args([self.build, "--load-restrictor", "LoadRestrictionsNone"])
            .arg(folder)
            .env_clear()
            .env("HOME", folder)
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(RenderError::io(&self.path))?;
        Ok(if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        })
    }
}
