//! The cache: `<components>/<name>/<version>/<file>` with a record of what was put there.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::sandbox::{
    Sink,
    error::SandboxError,
    event::ObtainedBy,
    files::{Lock, read_optional, remove_folder, write_private},
};

/// What is kept: a program, or Flux's manifests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub name: &'static str,
    pub version: &'a str,
    /// The file's name.
    pub file: &'static str,
    /// Whether it is a program.
    pub executable: bool,
}

/// What was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EntryRecord {
    sha256: String,
    size: u64,
    /// Seconds and nanoseconds of the file's last change: with the size, the quick check.
    modified: (i64, i64),
    obtained_by: ObtainedBy,
    /// The URL, or the Go package.
    source: String,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    root: PathBuf,
}

/// The right to put something into the cache, and a folder to prepare it in.
#[derive(Debug)]
pub(super) struct Work {
    // Dropped in this order: the folder goes while the lock is still held.
    folder: tempfile::TempDir,
    _lock: Lock,
}

impl Work {
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Begins the name of folders in which something is prepared.
const WORK_PREFIX: &str = ".work-";

impl Cache {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The file of `entry`, if it is there and is what was put there.
    ///
    /// The quick check compares size and time with the record; only when they differ is the
    /// file read, because a copied cache has other times.
    pub(super) fn find(&self, entry: Entry<'_>) -> Result<Option<PathBuf>, SandboxError> {
        let folder = self.folder(entry);
        let path = folder.join(entry.file);
        let Some(text) = read_optional(&folder.join("record.json"))? else { return Ok(None) };
        let Ok(record) = serde_json::from_str::<EntryRecord>(&text) else { return Ok(None) };
        let Ok(metadata) = fs::metadata(&path) else { return Ok(None) };
        let same = metadata.len() == record.size && (metadata.mtime(), metadata.mtime_nsec()) == record.modified;
        if !same && sha256_of(&path)? != record.sha256 {
            return Err(SandboxError::Tampered { path });
        }
        Ok(Some(path))
    }

    /// Takes the right to put things into the cache; others wait.
    pub(super) async fn work(&self, sink: Sink<'_>) -> Result<Work, SandboxError> {
        fs::create_dir_all(&self.root).map_err(|source| SandboxError::io("create", &self.root, source))?;
        let lock = Lock::take(self.root.join(".lock"), sink).await?;
        // Whoever held the lock and was killed left its folder behind.
        let entries = fs::read_dir(&self.root).map_err(|source| SandboxError::io("read", &self.root, source))?;
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(WORK_PREFIX)) {
                remove_folder(&entry.path())?;
            }
        }
        let folder = tempfile::Builder::new()
            .prefix(WORK_PREFIX)
            .tempdir_in(&self.root)
            .map_err(|source| SandboxError::io("create a folder in", &self.root, source))?;
        Ok(Work { folder, _lock: lock })
    }

    /// Puts `file`, which lies in the work folder, into the cache: complete or not at all.
    pub(super) fn put(
        &self,
        work: &Work,
        entry: Entry<'_>,
        file: &Path,
        obtained_by: ObtainedBy,
        source: &str,
    ) -> Result<PathBuf, SandboxError> {
        let staged = work.folder().join("staged");
        remove_folder(&staged)?;
        fs::create_dir(&staged).map_err(|source| SandboxError::io("create", &staged, source))?;
        let path = staged.join(entry.file);
        fs::rename(file, &path).map_err(|source| SandboxError::io("rename", file, source))?;
        let mode = if entry.executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .map_err(|source| SandboxError::io("change", &path, source))?;
        let metadata = fs::metadata(&path).map_err(|source| SandboxError::io("inspect", &path, source))?;
        let record = EntryRecord {
            sha256: sha256_of(&path)?,
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            obtained_by,
            source: source.to_owned(),
        };
        write_json(&staged.join("record.json"), &record)?;

        let folder = self.folder(entry);
        let parent = self.root.join(entry.name);
        fs::create_dir_all(&parent).map_err(|source| SandboxError::io("create", &parent, source))?;
        remove_folder(&folder)?; // incomplete, or `find` would have found it
        fs::rename(&staged, &folder).map_err(|source| SandboxError::io("rename", &staged, source))?;
        Ok(folder.join(entry.file))
    }

    /// The digests of everything ever downloaded, by URL. They outlive the files.
    pub(super) fn digests_path(&self) -> PathBuf {
        self.root.join("digests.json")
    }

    fn folder(&self, entry: Entry<'_>) -> PathBuf {
        self.root.join(entry.name).join(entry.version)
    }
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), SandboxError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| SandboxError::io("write", path, std::io::Error::other(error)))?;
    text.push(b'\n');
    write_private(path, &text)
}

/// The SHA-256 digest of a file in hexadecimal digits.
pub(super) fn sha256_of(path: &Path) -> Result<String, SandboxError> {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                return Ok(hex(&digest.finalize()));
            }
            digest.update(&buffer[..length]);
        }
    };
    read().map_err(|source| SandboxError::io("read", path, source))
}

/// Hexadecimal digits in lower case.
pub(in crate::sandbox) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry<'static> = Entry { name: "tool", version: "1.0.0", file: "tool", executable: true };

    async fn filled(root: &Path) -> (Cache, PathBuf) {
        let cache = Cache::new(root.to_owned());
        assert!(cache.find(ENTRY).unwrap().is_none());
        let work = cache.work(&|_| {}).await.unwrap();
        let file = work.folder().join("made");
        fs::write(&file, "program").unwrap();
        let path = cache.put(&work, ENTRY, &file, ObtainedBy::Build, "example.com/tool").unwrap();
        (cache, path)
    }

    #[tokio::test]
    async fn what_is_put_is_found_and_nothing_else_stays() {
        let root = tempfile::tempdir().unwrap();
        let (cache, path) = filled(root.path()).await;
        assert_eq!(path, root.path().join("tool/1.0.0/tool"));
        assert_eq!(cache.find(ENTRY).unwrap(), Some(path.clone()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        let left: Vec<_> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(WORK_PREFIX))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn a_changed_file_is_refused_and_a_copied_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        let (cache, path) = filled(root.path()).await;
        fs::write(&path, "program").unwrap(); // the same bytes, another time
        assert!(cache.find(ENTRY).unwrap().is_some());
        fs::write(&path, "PROGRAM").unwrap();
        assert!(matches!(cache.find(ENTRY), Err(SandboxError::Tampered { .. })));
    }

    #[tokio::test]
    async fn what_a_killed_run_left_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".work-dead")).unwrap();
        // A folder without a record was not put there whole.
        fs::create_dir_all(root.path().join("tool/1.0.0")).unwrap();
        fs::write(root.path().join("tool/1.0.0/tool"), "half").unwrap();
        let (_, path) = filled(root.path()).await;
        assert_eq!(fs::read_to_string(path).unwrap(), "program");
        assert!(!root.path().join(".work-dead").exists());
    }
}
