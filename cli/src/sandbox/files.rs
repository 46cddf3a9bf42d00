//! Files of a sandbox: written whole or not at all, readable by their owner only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{Sink, error::SandboxError, event::SandboxEvent};

/// Creates a folder, and those above it, that only its owner may enter.
pub(super) fn create_private_folder(path: &Path) -> Result<(), SandboxError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| SandboxError::io("create", path, source))
}

/// Replaces `path` by `content` with mode 0600; a reader sees the old or the new content, never half of one.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), SandboxError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?; // mode 0600
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| SandboxError::io("write", path, source))
}

/// Reads a file; `None` when there is none.
pub(super) fn read_optional(path: &Path) -> Result<Option<String>, SandboxError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SandboxError::io("read", path, source)),
    }
}

/// Removes a folder with all it holds; one that is not there is fine.
pub(super) fn remove_folder(path: &Path) -> Result<(), SandboxError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SandboxError::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// An exclusive lock that other kstack processes respect; let go when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: fs::File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock on `path`, creating the file. Waits for its holder, and says so once.
    pub(super) async fn take(path: PathBuf, sink: Sink<'_>) -> Result<Self, SandboxError> {
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&path)
                .map_err(|source| SandboxError::io("open", &path, source))?;
            let file = match file.try_lock() {
                Ok(()) => file,
                Err(fs::TryLockError::WouldBlock) => {
                    sink(SandboxEvent::WaitingForLock { path: path.clone() });
                    tokio::task::spawn_blocking(move || file.lock().map(|()| file))
                        .await
                        .map_err(io::Error::other)
                        .and_then(|locked| locked)
                        .map_err(|source| SandboxError::io("lock", &path, source))?
                }
                Err(fs::TryLockError::Error(source)) => return Err(SandboxError::io("lock", &path, source)),
            };
            // Whoever held it may have removed the file: then this lock guards nothing.
            let ours = file.metadata().map_err(|source| SandboxError::io("inspect", &path, source))?;
            if fs::metadata(&path).is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino())) {
                return Ok(Self { file, path });
            }
        }
    }

    /// Lets go and removes the file.
    pub(super) fn remove(self) -> Result<(), SandboxError> {
        fs::remove_file(&self.path).map_err(|source| SandboxError::io("remove", &self.path, source))?;
        drop(self.file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn written_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_optional(&folder.path().join("none")).unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lock_that_its_holder_removed_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (said, heard) = std::sync::mpsc::channel();
        let first = Lock::take(path.clone(), &|_| {}).await.unwrap();
        let second = tokio::spawn({
            let path = path.clone();
            async move { Lock::take(path, &move |_| said.send(()).unwrap()).await }
        });
        tokio::task::spawn_blocking(move || heard.recv().unwrap()).await.unwrap();
        first.remove().unwrap();
        let second = second.await.unwrap().unwrap();
        assert!(path.exists(), "the second holder locks a file that others can find");
        second.remove().unwrap();
        assert!(!path.exists());
    }
}
