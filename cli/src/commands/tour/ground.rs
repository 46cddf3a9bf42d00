//! Where a tour takes place: the folder, the remote beside it, and the names of its cluster.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{
    commands::Context,
    error::{CliError, ErrorKind},
    platform::{RepositoryName, SandboxName},
    sandbox::{Remains, Sandbox},
};

/// The place of one tour.
#[derive(Debug)]
pub struct Ground {
    /// The platform's repository.
    pub platform: PathBuf,
    /// The bare repository that stands for a Git server's.
    pub remote: PathBuf,
    /// The cluster's name prefix; the same folder always gets the same one.
    pub cluster: String,
    /// The name under which the sandbox serves the remote.
    pub repository: RepositoryName,
    /// The cluster's control plane.
    pub sandbox: Sandbox,
}

impl Ground {
    /// Settles the place below `context.directory`.
    ///
    /// # Errors
    /// When something is there already.
    pub fn choose(context: &Context<'_>, folder: &Path) -> Result<Self, CliError> {
        let platform = context.directory.join(folder);
        let mut remote = platform.clone().into_os_string();
        remote.push(".git");
        let remote = PathBuf::from(remote);
        // Two tours in different folders must not share a control plane.
        let digest = Sha256::digest(platform.as_os_str().as_encoded_bytes());
        // Without a hyphen: the cluster's name stays what it is composed of, with no hash behind it.
        let cluster = format!("try{:02x}{:02x}", digest[0], digest[1]);
        let name = SandboxName::new(format!("{cluster}-ops-local"))?;
        let sandbox = Sandbox::new(&context.home()?, name);
        let ground = Self { platform, remote, cluster, repository: RepositoryName::new("platform")?, sandbox };
        for taken in [&ground.platform, &ground.remote] {
            if taken.exists() {
                let error = CliError::user(format!("`{}` is there already", taken.display()))
                    .hint("name another folder: `kstack try DIR`");
                return Err(ground
                    .removal()
                    .iter()
                    .fold(error, |error, line| error.hint(format!("or remove what an earlier try made: `{line}`"))));
            }
        }
        Ok(ground)
    }

    /// The commands that remove everything a tour made.
    pub fn removal(&self) -> [String; 2] {
        let (platform, remote) = (self.platform.display(), self.remote.display());
        [format!("kstack sandbox down {}", self.sandbox.name()), format!("rm -r {platform} {remote}")]
    }

    /// Removes everything that the tour made.
    ///
    /// # Errors
    /// When a process cannot be ended, or a folder cannot be removed.
    pub fn clear(&self, context: &Context<'_>) -> Result<(), CliError> {
        context.block_on(self.sandbox.down(Remains::Nothing, &|_| {}))?;
        for folder in [&self.platform, &self.remote] {
            std::fs::remove_dir_all(folder).map_err(|error| {
                let message = format!("cannot remove `{}`: {error}", folder.display());
                CliError::new(ErrorKind::External, std::io::Error::new(error.kind(), message))
            })?;
        }
        Ok(())
    }
}
