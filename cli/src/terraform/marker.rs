//! What the last init was done for, so that the next one can be left out.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    TerraformError,
    init::{Fingerprint, LOCK_FILE},
};

/// What the last init left behind, in the instance's data folder.
#[derive(Debug)]
pub(super) struct Marker {
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    fingerprint: Fingerprint,
    /// The lock file after init, if there is one.
    lock: Option<String>,
    /// Whether the configuration brought it along; else init chose it.
    brought: bool,
}

/// What [`Marker::check`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Init has to run.
    Outdated,
    /// The last init is still good.
    Good,
    /// The last init is still good, and the lock file that it chose was put back into the configuration.
    GoodWithLock,
}

impl Marker {
    pub(super) fn new(data: &Path) -> Self {
        Self { path: data.join("init.json") }
    }

    /// Whether the last init is still good for `fingerprint`. A lock file that it chose is put back where
    /// the configuration brings none: later commands want it.
    pub(super) fn check(&self, fingerprint: &Fingerprint, directory: &Path) -> Result<Standing, TerraformError> {
        // A marker that cannot be read is as good as none.
        let bytes = fs::read(&self.path).ok();
        let remembered: Option<Remembered> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(remembered) = remembered.filter(|remembered| remembered.fingerprint == *fingerprint) else {
            return Ok(Standing::Outdated);
        };
        let lock = lock_file(directory)?;
        if lock == remembered.lock {
            return Ok(Standing::Good);
        }
        match remembered.lock {
            Some(chosen) if lock.is_none() && !remembered.brought => {
                let path = directory.join(LOCK_FILE);
                fs::write(&path, chosen).map_err(|source| TerraformError::io("write", &path, source))?;
                Ok(Standing::GoodWithLock)
            }
            _ => Ok(Standing::Outdated),
        }
    }

    /// Remembers an init that ended well. `brought` says whether the configuration brought its lock file.
    pub(super) fn set(&self, fingerprint: Fingerprint, directory: &Path, brought: bool) -> Result<(), TerraformError> {
        let wrong = |source| TerraformError::io("write", &self.path, source);
        let remembered = Remembered { fingerprint, lock: lock_file(directory)?, brought };
        let text = serde_json::to_vec(&remembered).map_err(|error| wrong(error.into()))?;
        fs::write(&self.path, text).map_err(wrong)
    }

    /// Forgets the last init.
    pub(super) fn clear(&self) -> Result<(), TerraformError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(TerraformError::io("delete", &self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// The text of the configuration's lock file, if it has one.
fn lock_file(directory: &Path) -> Result<Option<String>, TerraformError> {
    let path = directory.join(LOCK_FILE);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(|source| TerraformError::io("read", &path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a fingerprint; what it is made of is tested where it is made.
    fn fingerprint(text: &str) -> Fingerprint {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn a_marker_holds_for_its_fingerprint_and_lock_file() {
        let root = tempfile::tempdir().unwrap();
        let stack = root.path().join("stack");
        fs::create_dir(&stack).unwrap();
        let lock = stack.join(LOCK_FILE);
        let marker = Marker::new(root.path());
        let print = fingerprint("ab");
        let check = || marker.check(&print, &stack).unwrap();
        assert_eq!(check(), Standing::Outdated);

        fs::write(&lock, "chosen").unwrap();
        marker.set(print.clone(), &stack, false).unwrap();
        assert_eq!(check(), Standing::Good);
        fs::remove_file(&lock).unwrap();
        assert_eq!(check(), Standing::GoodWithLock);
        assert_eq!(fs::read_to_string(&lock).unwrap(), "chosen");
        fs::write(&lock, "another").unwrap();
        assert_eq!(check(), Standing::Outdated);

        marker.set(print.clone(), &stack, true).unwrap();
        fs::remove_file(&lock).unwrap();
        assert_eq!(check(), Standing::Outdated, "whoever deletes their lock file wants new versions");
        fs::write(&lock, "another").unwrap();
        assert_eq!(check(), Standing::Good);
        marker.clear().unwrap();
        assert_eq!(check(), Standing::Outdated);
    }
}
