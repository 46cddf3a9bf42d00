//! What one run sees of the store: a mirror folder with a link for each package that its lock file names, so that
//! Terraform finds these versions and no others.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Provided, ProviderStoreError};

/// A folder of links, which one run at a time may use.
#[derive(Debug)]
pub(in crate::terraform) struct View {
    folder: PathBuf,
}

impl View {
    pub(in crate::terraform) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder, as a `filesystem_mirror` has it. Links stand for the packages only: Terraform passes over links further up.
    pub(in crate::terraform) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has a link for each of `provided` and no other.
    pub(in crate::terraform) fn show(&self, provided: &[Provided]) -> Result<(), ProviderStoreError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ProviderStoreError::io("remove", &self.folder, error));
            }
            _ => {}
        }
        for Provided { package, folder } in provided {
            let link = self.folder.join(package.folder());
            let make = || {
                fs::create_dir_all(link.parent().unwrap_or(&link))?;
                symlink(folder, &link)
            };
            make().map_err(|source| ProviderStoreError::io("create", &link, source))?;
        }
        Ok(())
    }
}
