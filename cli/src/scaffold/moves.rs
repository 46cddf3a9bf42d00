//! Renames that can be taken back, of which changes to a repository are made.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Where replaced files wait until everything is in its place, inside the staging folder.
pub(super) const REPLACED: &str = ".replaced";

/// What was done so far, in order.
#[derive(Debug, Default)]
pub(super) struct Moves {
    folders: Vec<PathBuf>,
    moved: Vec<(PathBuf, PathBuf)>,
}

pub(super) type Failed = (PathBuf, io::Error);

impl Moves {
    /// Makes the folders above `path` that are missing.
    pub(super) fn folders_above(&mut self, path: &Path) -> Result<(), Failed> {
        let missing: Vec<_> = path.ancestors().skip(1).take_while(|folder| !folder.is_dir()).collect();
        for folder in missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir(folder).map_err(|source| (folder.to_owned(), source))?;
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    /// Moves a file or a folder. Never replaces anything: the system refuses that even if somebody created it after the check.
    pub(super) fn to(&mut self, from: &Path, to: &Path) -> Result<(), Failed> {
        let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system knows the flag.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
                fs::rename(from, to)
            }
            renamed => renamed.map_err(io::Error::from),
        };
        renamed.map_err(|source| (to.to_owned(), source))?;
        self.moved.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Moves what `from` holds into `to`; files there are put into `replaced` first, if that is given.
    pub(super) fn merge(&mut self, from: &Path, to: &Path, replaced: Option<&Path>) -> Result<(), Failed> {
        let failed = |source| (from.to_owned(), source);
        let mut names = Vec::new();
        for entry in fs::read_dir(from).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort();
        for name in names.into_iter().filter(|name| name != REPLACED) {
            let (from, to) = (from.join(&name), to.join(&name));
            match to.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() && from.is_dir() => {
                    self.merge(&from, &to, replaced.map(|folder| folder.join(&name)).as_deref())?;
                }
                Ok(metadata) if metadata.is_file() && replaced.is_some() => {
                    let folder = replaced.unwrap_or(&from);
                    fs::create_dir_all(folder).map_err(|source| (folder.to_owned(), source))?;
                    self.to(&to, &folder.join(&name))?;
                    self.to(&from, &to)?;
                }
                _ => self.to(&from, &to)?,
            }
        }
        Ok(())
    }

    /// Takes everything back; gives what could not be.
    pub(super) fn undo(self) -> Vec<PathBuf> {
        let moved = self.moved.into_iter().rev().filter(|(from, to)| fs::rename(to, from).is_err());
        let mut left: Vec<_> = moved.map(|(_, to)| to).collect();
        left.extend(self.folders.into_iter().rev().filter(|folder| fs::remove_dir(folder).is_err()));
        left
    }
}
