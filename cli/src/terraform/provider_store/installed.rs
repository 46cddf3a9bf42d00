//! What `terraform init` installed: `.terraform/providers`, in the layout of an unpacked mirror.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{
    LockFile, Package, ProviderStore, ProviderStoreError, StoreEvent,
    entry::{Condition, Slot},
    filling::blocking,
    hash::{H1, paths},
    store::Request,
    unpack::make_read_only,
};

impl ProviderStore {
    /// Takes over the packages of `lock` that Terraform installed in the folder `installed` by itself, and leaves links to
    /// them. A package that the store has by now is not kept twice.
    ///
    /// # Errors
    /// A folder that cannot be used; and [`ProviderStoreError::Interrupted`].
    pub async fn adopt(
        &self,
        installed: &Path,
        lock: &LockFile,
        request: Request<'_>,
    ) -> Result<(), ProviderStoreError> {
        for (address, locked) in &lock.providers {
            let (address, version) = (address.clone(), locked.version.clone());
            let package = Package { address, version, platform: request.platform.clone() };
            let folder = installed.join(package.folder());
            // A link is one into a mirror, or into the store already.
            if !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
                continue;
            }
            let slot = Slot::new(self.root(), &package);
            let waiting = || (request.events)(StoreEvent::Waiting { package: package.clone() });
            let _alone = slot.lock(request.interrupt, waiting).await?;
            let known = locked.unpacked().map(|h1| slot.entry(h1));
            let known = known.into_iter().find(|entry| matches!(entry.condition(), Condition::Fresh(_)));
            let entry = match known {
                Some(entry) => entry,
                None => {
                    let (stage, folder, locked) = (slot.stage()?, folder.clone(), locked.clone());
                    let adopted = blocking(move || {
                        let read = |source| ProviderStoreError::io("read", &folder, source);
                        let h1 = H1::of_folder(&folder).map_err(read)?;
                        // Terraform says better what is wrong with it.
                        if !locked.unpacked().any(|known| known == h1) {
                            return Ok(None);
                        }
                        for path in paths(&folder).map_err(read)? {
                            make_read_only(&path).map_err(|source| ProviderStoreError::io("change", &path, source))?;
                        }
                        fs::rename(&folder, stage.package())
                            .map_err(|source| ProviderStoreError::io("move", &folder, source))?;
                        stage.commit(h1, None, "terraform init".to_owned()).map(Some)
                    });
                    let Some(entry) = adopted.await? else { continue };
                    (request.events)(StoreEvent::Adopted { package: package.clone() });
                    entry
                }
            };
            replace(&folder, &entry.package())?;
        }
        Ok(())
    }
}

/// A link to `target` in place of the folder `place`, if that is still there.
fn replace(place: &Path, target: &Path) -> Result<(), ProviderStoreError> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ProviderStoreError::io("remove", place, error));
        }
        _ => {}
    }
    symlink(target, place).map_err(|source| ProviderStoreError::io("create", place, source))
}

/// Removes the links among the packages in the folder `installed`. Terraform unpacks an archive into what it finds under
/// a package's name, so through a link it would overwrite what the link points to.
pub(in crate::terraform) fn unlink(installed: &Path) -> Result<(), ProviderStoreError> {
    for link in links(installed)? {
        fs::remove_file(&link).map_err(|source| ProviderStoreError::io("remove", &link, source))?;
    }
    Ok(())
}

/// The links five levels below `installed`: `<host>/<namespace>/<type>/<version>/<platform>`.
fn links(installed: &Path) -> Result<Vec<PathBuf>, ProviderStoreError> {
    let mut level = vec![installed.to_owned()];
    let mut links = Vec::new();
    for depth in 1..=5 {
        let mut next = Vec::new();
        for folder in level {
            let wrong = |source| ProviderStoreError::io("list", &folder, source);
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(wrong)?,
            };
            for entry in entries {
                let entry = entry.map_err(wrong)?;
                let kind = entry.file_type().map_err(wrong)?;
                if kind.is_dir() && depth < 5 {
                    next.push(entry.path());
                } else if kind.is_symlink() {
                    links.push(entry.path());
                }
            }
        }
        level = next;
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_go() {
        let folder = tempfile::tempdir().unwrap();
        let version = folder.path().join("installed/host/namespace/type/1.0.0");
        let target = folder.path().join("store");
        fs::create_dir_all(version.join("linux_arm64")).unwrap();
        fs::create_dir_all(&target).unwrap();
        fs::write(target.join("provider"), "kept").unwrap();
        symlink(&target, version.join("linux_amd64")).unwrap();
        unlink(&folder.path().join("installed")).unwrap();
        assert!(fs::symlink_metadata(version.join("linux_amd64")).is_err() && version.join("linux_arm64").is_dir());
        assert_eq!(fs::read_to_string(target.join("provider")).unwrap(), "kept");
        unlink(&folder.path().join("nowhere")).unwrap();
    }
}
