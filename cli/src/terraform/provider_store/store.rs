//! The store itself: finds what is locked, or has it put in.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::terraform::Interrupt;

use super::{
    LockFile, Locked, Offers, Package, Platform, ProviderStoreError, StoreEvent,
    entry::{Condition, Entry, Slot},
    filling::{blocking, fill},
};

/// A folder of checked packages. Any number of processes may use it at the same time.
#[derive(Debug, Clone)]
pub struct ProviderStore {
    root: PathBuf,
}

/// A package that is ready to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// The package.
    pub package: Package,
    /// The folder with its files.
    pub folder: PathBuf,
}

/// How packages are asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What they must run on.
    pub platform: &'a Platform,
    /// Where they may come from.
    pub offers: &'a Offers,
    /// Since when there is reason to doubt what is in the store: what was read whole later is above it.
    pub doubted: Option<Timestamp>,
    /// Gets every event as it happens.
    pub events: &'a (dyn Fn(StoreEvent) + Send + Sync),
    /// Ends it.
    pub interrupt: &'a Interrupt,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("platform", self.platform).field("offers", self.offers).finish_non_exhaustive()
    }
}

impl ProviderStore {
    /// The store in the folder `root`, which is made when something is put in.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds every provider of `lock`, or puts it in. What is missing from the answer no place has that kstack can ask.
    ///
    /// # Errors
    /// A package that is not what was locked, a place that does not give what it should, or a store that cannot be
    /// written to; and [`ProviderStoreError::Interrupted`].
    pub async fn provide(&self, lock: &LockFile, request: Request<'_>) -> Result<Vec<Provided>, ProviderStoreError> {
        let mut all = Vec::new();
        for (address, locked) in &lock.providers {
            let (address, version) = (address.clone(), locked.version.clone());
            let package = Package { address, version, platform: request.platform.clone() };
            if let Some(entry) = self.one(&package, locked, &request).await? {
                all.push(Provided { package, folder: entry.package() });
            }
        }
        Ok(all)
    }

    async fn one(
        &self,
        package: &Package,
        locked: &Locked,
        request: &Request<'_>,
    ) -> Result<Option<Entry>, ProviderStoreError> {
        let slot = Slot::new(&self.root, package);
        let doubted = |checked: Timestamp| request.doubted.is_some_and(|since| checked < since);
        let entries: Vec<Entry> = locked.unpacked().map(|h1| slot.entry(h1)).collect();
        let fresh = |entry: &&Entry| matches!(entry.condition(), Condition::Fresh(record) if !doubted(record.checked));
        if let Some(entry) = entries.iter().find(fresh) {
            return Ok(Some(entry.clone()));
        }
        let waiting = || (request.events)(StoreEvent::Waiting { package: package.clone() });
        let _alone = slot.lock(request.interrupt, waiting).await?;
        let mut corrupt = None;
        for entry in &entries {
            let record = match entry.condition() {
                Condition::Missing => continue,
                Condition::Fresh(record) if !doubted(record.checked) => return Ok(Some(entry.clone())),
                Condition::Half => {
                    entry.remove()?;
                    continue;
                }
                Condition::Fresh(record) | Condition::Touched(record) => record,
            };
            let checked = entry.clone();
            if blocking(move || checked.check(record)).await? {
                (request.events)(StoreEvent::Hashed { package: package.clone() });
                return Ok(Some(entry.clone()));
            }
            (request.events)(StoreEvent::Corrupt { package: package.clone() });
            entry.remove()?;
            corrupt = Some(entry.package());
        }
        let filled = fill(&slot, package, locked, request).await?;
        match (&filled, corrupt) {
            (Some(_), _) => (request.events)(StoreEvent::Hashed { package: package.clone() }),
            (None, Some(path)) => return Err(ProviderStoreError::Corrupt { package: package.clone().into(), path }),
            (None, None) => {}
        }
        Ok(filled)
    }
}
