//! The folders of the store.
//!
//! ```text
//! <host>/<namespace>/<type>/<version>/<platform>/     a slot: one package by its name
//!     .lock                                           held by whoever puts something in
//!     .fill-…/                                        something on its way in
//!     <h1 in hex>/                                    an entry: one content of that package
//!         record.json                                 what was put there; an entry without one is half an entry
//!         package/                                    the files, or a link to an unpacked mirror's folder
//! ```
//!
//! An entry appears under its name by one rename, after its record was written. Nothing is ever changed in one; a record
//! is replaced as a whole when a copied store has other times.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::terraform::Interrupt;

use super::{
    Package, ProviderStoreError,
    hash::{H1, Stamp, stamps},
};

/// How often a lock that somebody else holds is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Begins the names of folders with something on its way in.
const ON_ITS_WAY: &str = ".fill-";

/// The name of an entry's record.
pub(super) const RECORD: &str = "record.json";

/// What was put into an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The digest of its files.
    pub(super) h1: H1,
    /// The digest of the archive that it came from, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) zh: Option<String>,
    /// From where: a folder, an archive, or a registry's host.
    pub(super) source: String,
    /// The size of its files.
    pub(super) bytes: u64,
    /// How often its files were read whole to compare them with the digest.
    pub(super) hashed: u32,
    /// When they were read last.
    pub(super) checked: Timestamp,
    /// The files as they were then.
    pub(super) files: Vec<Stamp>,
}

/// How an entry was found.
#[derive(Debug)]
pub(super) enum Condition {
    /// There is none.
    Missing,
    /// Somebody was killed in the middle, or it was damaged beyond telling.
    Half,
    /// It is what was put there, by the stamps of its files.
    Fresh(Record),
    /// Its files have other stamps: it was copied, or changed.
    Touched(Record),
}

/// One content of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    folder: PathBuf,
}

impl Entry {
    /// Where its files are.
    pub(super) fn package(&self) -> PathBuf {
        self.folder.join("package")
    }

    pub(super) fn condition(&self) -> Condition {
        let record = fs::read(self.folder.join(RECORD)).ok();
        let record: Option<Record> = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match (record, stamps(&self.package())) {
            (Some(record), Ok((files, _))) if files == record.files => Condition::Fresh(record),
            (Some(record), Ok(_)) => Condition::Touched(record),
            // A link to a mirror that is gone is as good as nothing.
            _ if fs::symlink_metadata(&self.folder).is_ok() => Condition::Half,
            _ => Condition::Missing,
        }
    }

    /// Reads the files whole. If they are what was put there, they are remembered as they are now.
    pub(super) fn check(&self, mut record: Record) -> Result<bool, ProviderStoreError> {
        let package = self.package();
        let wrong = |source| ProviderStoreError::io("read", &package, source);
        let (files, bytes) = stamps(&package).map_err(wrong)?;
        if H1::of_folder(&package).map_err(wrong)? != record.h1 {
            return Ok(false);
        }
        record.hashed += 1;
        record.checked = Timestamp::now();
        (record.files, record.bytes) = (files, bytes);
        write_record(&self.folder, &record)?;
        Ok(true)
    }

    /// Takes it out of the store, out of everybody's sight first.
    pub(super) fn remove(&self) -> Result<(), ProviderStoreError> {
        let wrong = |source| ProviderStoreError::io("remove", &self.folder, source);
        let parent = self.folder.parent().unwrap_or(&self.folder);
        let aside = tempfile::Builder::new().prefix(ON_ITS_WAY).tempdir_in(parent).map_err(wrong)?;
        fs::rename(&self.folder, aside.path().join("removed")).map_err(wrong)?;
        aside.close().map_err(wrong)
    }
}

/// One package by its name.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    folder: PathBuf,
}

impl Slot {
    pub(super) fn new(store: &Path, package: &Package) -> Self {
        Self { folder: store.join(package.folder()) }
    }

    /// The entry for the content with the digest `h1`, whether there is one or not.
    pub(super) fn entry(&self, h1: H1) -> Entry {
        Entry { folder: self.folder.join(h1.hex()) }
    }

    /// Waits for the right to put something in. Whoever has it and is killed loses it. What killed runs left is cleared.
    pub(super) async fn lock(&self, interrupt: &Interrupt, waiting: impl FnOnce()) -> Result<File, ProviderStoreError> {
        let create = |source| ProviderStoreError::io("create", &self.folder, source);
        fs::create_dir_all(&self.folder).map_err(create)?;
        let path = self.folder.join(".lock");
        let file = File::create(&path).map_err(|source| ProviderStoreError::io("create", &path, source))?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if interrupt.is_raised() => return Err(ProviderStoreError::Interrupted),
                Err(TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(TryLockError::Error(source)) => return Err(ProviderStoreError::io("lock", &path, source)),
            }
        }
        self.clear()?;
        Ok(file)
    }

    fn clear(&self) -> Result<(), ProviderStoreError> {
        let list = |source| ProviderStoreError::io("list", &self.folder, source);
        for found in fs::read_dir(&self.folder).map_err(list)? {
            let found = found.map_err(list)?;
            if found.file_name().to_str().is_some_and(|name| name.starts_with(ON_ITS_WAY)) {
                let path = found.path();
                fs::remove_dir_all(&path).map_err(|source| ProviderStoreError::io("remove", &path, source))?;
            }
        }
        Ok(())
    }

    /// A folder to prepare an entry in. Whoever asks has the lock.
    pub(super) fn stage(&self) -> Result<Stage, ProviderStoreError> {
        let folder = tempfile::Builder::new().prefix(ON_ITS_WAY).tempdir_in(&self.folder);
        let folder = folder.map_err(|source| ProviderStoreError::io("make a folder in", &self.folder, source))?;
        Ok(Stage { slot: self.clone(), folder })
    }
}

/// An entry on its way in; gone again when dropped.
#[derive(Debug)]
pub(super) struct Stage {
    slot: Slot,
    folder: TempDir,
}

impl Stage {
    /// Where the files of the package go.
    pub(super) fn package(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    /// A place for the archive. It does not become part of the entry.
    pub(super) fn archive(&self) -> PathBuf {
        self.folder.path().join("archive.zip")
    }

    /// Makes it an entry. Its files were read whole just now and have the digest `h1`.
    pub(super) fn commit(self, h1: H1, zh: Option<String>, source: String) -> Result<Entry, ProviderStoreError> {
        let package = self.package();
        let (files, bytes) = stamps(&package).map_err(|source| ProviderStoreError::io("read", &package, source))?;
        match fs::remove_file(self.archive()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ProviderStoreError::io("remove", &self.archive(), error));
            }
            _ => {}
        }
        let record = Record { h1, zh, source, bytes, hashed: 1, checked: Timestamp::now(), files };
        write_record(self.folder.path(), &record)?;
        let entry = self.slot.entry(h1);
        if !matches!(entry.condition(), Condition::Missing) {
            entry.remove()?;
        }
        let wrong = |source| ProviderStoreError::io("create", &entry.folder, source);
        fs::rename(self.folder.path(), &entry.folder).map_err(wrong)?;
        // Nothing is left to remove.
        let _ = self.folder.keep();
        Ok(entry)
    }
}

fn write_record(folder: &Path, record: &Record) -> Result<(), ProviderStoreError> {
    let path = folder.join(RECORD);
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| ProviderStoreError::io("write", &path, source))
}
