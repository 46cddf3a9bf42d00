//! Puts one package into the store, from the first place that has it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{
    Locked, Package, Place, ProviderStoreError, StoreEvent,
    entry::{Entry, Slot, Stage},
    hash::{H1, Zh},
    mirror::{self, Found},
    store::Request,
    unpack::{UnpackError, unpack},
};

/// Puts `package` into `slot`, whose lock the caller has. `None` when no place has it that kstack can ask itself: then
/// Terraform asks.
///
/// # Errors
/// Whatever is wrong with the package or the place; no other place is asked then.
pub(super) async fn fill(
    slot: &Slot,
    package: &Package,
    locked: &Locked,
    request: &Request<'_>,
) -> Result<Option<Entry>, ProviderStoreError> {
    for place in request.offers.of(&package.address) {
        let found = match place {
            Place::Folder(folder) => mirror::find(folder, package),
            Place::Archive(path) => mirror::is_of(path, package).then(|| Found::Packed(path.clone())),
            Place::Foreign => return Ok(None),
            Place::Registry => return fetch(slot, package, locked, request).await,
        };
        let Some(found) = found else { continue };
        let (Found::Unpacked(path) | Found::Packed(path)) = &found;
        let source = path.display().to_string();
        (request.events)(StoreEvent::Filling { package: package.clone(), source });
        let (stage, package, locked) = (slot.stage()?, package.clone(), locked.clone());
        let entry = blocking(move || match found {
            Found::Unpacked(folder) => refer(stage, &package, &locked, &folder),
            Found::Packed(archive) => {
                let read = |source| ProviderStoreError::io("read", &archive, source);
                let zh = Zh::of_file(&archive).map_err(read)?;
                settle(stage, &package, &locked, &archive, zh, archive.display().to_string())
            }
        });
        return entry.await.map(Some);
    }
    Ok(None)
}

async fn fetch(
    slot: &Slot,
    package: &Package,
    locked: &Locked,
    request: &Request<'_>,
) -> Result<Option<Entry>, ProviderStoreError> {
    let host = package.address.host().to_owned();
    (request.events)(StoreEvent::Filling { package: package.clone(), source: host.clone() });
    let stage = slot.stage()?;
    let archive = stage.archive();
    let token = request.offers.credentials.0.get(&host);
    let fetching = request.offers.registry.fetch(package, token, &archive);
    let fetched = tokio::select! {
        fetched = fetching => fetched?,
        () = request.interrupt.wait() => return Err(ProviderStoreError::Interrupted),
    };
    let Some(fetched) = fetched else { return Ok(None) };
    let (package, locked) = (package.clone(), locked.clone());
    blocking(move || settle(stage, &package, &locked, &archive, fetched.zh, fetched.url)).await.map(Some)
}

/// Unpacks `archive` and makes it an entry if it is what was locked.
fn settle(
    stage: Stage,
    package: &Package,
    locked: &Locked,
    archive: &Path,
    zh: Zh,
    from: String,
) -> Result<Entry, ProviderStoreError> {
    let h1 = unpack(archive, &stage.package()).map_err(|error| match error {
        UnpackError::Archive(reason) => {
            ProviderStoreError::Archive { package: package.clone().into(), from: from.clone(), reason }
        }
        UnpackError::Write(path, source) => ProviderStoreError::io("write", &path, source),
    })?;
    if !locked.unpacked().any(|known| known == h1) {
        // The archive may be the right one, for Terraform would take it; but then it could not check what it unpacked.
        if locked.hashes.contains(&zh.to_string()) {
            return Err(ProviderStoreError::NoUnpackedHash { package: package.clone().into(), h1: h1.to_string() });
        }
        let found = vec![h1.to_string(), zh.to_string()];
        return Err(ProviderStoreError::Mismatch { package: package.clone().into(), from, found });
    }
    stage.commit(h1, Some(zh.to_string()), from)
}

/// Makes an unpacked mirror's folder an entry if it is what was locked. It is not copied: a mirror is not changed in place,
/// and if one is, the stamps of its files tell.
fn refer(stage: Stage, package: &Package, locked: &Locked, folder: &Path) -> Result<Entry, ProviderStoreError> {
    let folder: PathBuf = fs::canonicalize(folder).map_err(|source| ProviderStoreError::io("use", folder, source))?;
    let link = stage.package();
    symlink(&folder, &link).map_err(|source| ProviderStoreError::io("create", &link, source))?;
    let h1 = H1::of_folder(&folder).map_err(|source| ProviderStoreError::io("read", &folder, source))?;
    let from = folder.display().to_string();
    if !locked.unpacked().any(|known| known == h1) {
        return Err(ProviderStoreError::Mismatch {
            package: package.clone().into(),
            from,
            found: vec![h1.to_string()],
        });
    }
    stage.commit(h1, None, from)
}

/// Runs `work` where it may take its time.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderStoreError> + Send + 'static,
) -> Result<T, ProviderStoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Cancelled with the runtime, or a panic, which has been told already.
        Err(error) => Err(ProviderStoreError::io("work on", Path::new("the provider store"), error.into())),
    }
}
