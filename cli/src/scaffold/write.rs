//! Writing a [`ChangeSet`]: everything is checked first, each file appears whole, and what was
//! created is removed again when a later file fails.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{ChangeSet, NewFile, ScaffoldError};

impl ChangeSet {
    /// What is in the way below `root`: files that exist already, whatever they hold, and files or
    /// symbolic links where a folder must be. A folder that is a link is refused, since its
    /// content may lie outside the repository.
    pub fn conflicts(&self, root: &Path) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut checked = BTreeSet::new();
        for (path, _) in self.files() {
            let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            for folder in folders.filter(|folder| checked.insert(*folder)) {
                if root.join(folder).symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
                    found.insert(folder.to_owned());
                }
            }
            if root.join(path).symlink_metadata().is_ok() {
                found.insert(path.to_owned());
            }
        }
        found.into_iter().collect()
    }

    /// Writes all files below `root`, which is made if it does not exist.
    ///
    /// # Errors
    /// [`ScaffoldError::Conflicts`] before anything is written, [`ScaffoldError::Write`] after
    /// what had been written was removed again.
    pub fn write(&self, root: &Path) -> Result<(), ScaffoldError> {
        let paths = self.conflicts(root);
        if !paths.is_empty() {
            return Err(ScaffoldError::Conflicts { root: root.to_owned(), paths });
        }
        let mut created = Created::default();
        for (path, file) in self.files() {
            let target = root.join(path);
            if let Err((path, source)) = created.folders_of(&target).and_then(|()| created.file(&target, file)) {
                return Err(ScaffoldError::Write { path, source, left: created.remove() });
            }
        }
        Ok(())
    }
}

/// What has been created so far, in order.
#[derive(Debug, Default)]
struct Created {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// Folders known to exist, so that each is asked for once.
    known: BTreeSet<PathBuf>,
}

impl Created {
    fn folders_of(&mut self, file: &Path) -> Result<(), (PathBuf, io::Error)> {
        let mut missing = Vec::new();
        for folder in file.ancestors().skip(1) {
            // The parent of a relative path's first part is the empty path: the working folder.
            if folder.as_os_str().is_empty() || self.known.contains(folder) || folder.is_dir() {
                break;
            }
            missing.push(folder);
        }
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(|source| (folder.to_owned(), source))?;
            self.folders.push(folder.to_owned());
            self.known.insert(folder.to_owned());
        }
        Ok(())
    }

    /// The file appears under its name only when it is complete, and never replaces another one:
    /// the system refuses that even if somebody created it after the check.
    fn file(&mut self, target: &Path, file: &NewFile) -> Result<(), (PathBuf, io::Error)> {
        let parent = target.parent().unwrap_or_else(|| Path::new("."));
        let write = || -> io::Result<()> {
            let mut temporary =
                tempfile::Builder::new().prefix(".kstack-").permissions(mode(file)).tempfile_in(parent)?;
            temporary.write_all(&file.content)?;
            temporary.persist_noclobber(target).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|source| (target.to_owned(), source))?;
        self.files.push(target.to_owned());
        Ok(())
    }

    /// Removes everything again; gives what could not be removed.
    fn remove(self) -> Vec<PathBuf> {
        let files = self.files.into_iter().rev().map(|path| (fs::remove_file(&path), path));
        let files: Vec<_> = files.collect();
        let folders = self.folders.into_iter().rev().map(|path| (fs::remove_dir(&path), path));
        files.into_iter().chain(folders).filter_map(|(result, path)| result.is_err().then_some(path)).collect()
    }
}

/// What a new file may have; the user's umask takes its part away.
fn mode(file: &NewFile) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(if file.executable { 0o777 } else { 0o666 })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn changes(paths: &[&str]) -> ChangeSet {
        let mut changes = ChangeSet::new();
        for path in paths {
            changes.add(*path, path.as_bytes().to_vec()).unwrap();
        }
        changes
    }

    #[test]
    fn files_are_written_with_their_parents_and_modes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/platform");
        let mut changes = changes(&["README.md", "a/b/c.tf"]);
        changes.add_program("run", &b"#!/bin/sh\n"[..]).unwrap();
        changes.write(&root).unwrap();
        assert_eq!(fs::read_to_string(root.join("a/b/c.tf")).unwrap(), "a/b/c.tf");
        let mode = |name: &str| root.join(name).metadata().unwrap().permissions().mode() & 0o111;
        assert_eq!(mode("README.md"), 0);
        assert_ne!(mode("run"), 0);
        let mut names: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["README.md", "a", "run"], "no temporary file is left");
    }

    #[test]
    fn everything_in_the_way_is_named_and_nothing_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("README.md"), "mine").unwrap();
        fs::write(root.join("infra"), "a file").unwrap();
        symlink("/nowhere", root.join("dangling")).unwrap();
        symlink("/tmp", root.join("linked")).unwrap();
        let changes = changes(&["README.md", "infra/x/main.tf", "dangling", "linked/x", "other/y"]);
        let error = changes.write(root).unwrap_err();
        let ScaffoldError::Conflicts { paths, .. } = &error else { panic!("{error:?}") };
        assert_eq!(paths, &["README.md", "dangling", "infra", "linked"]);
        assert!(!root.join("other").exists());
        assert_eq!(fs::read_to_string(root.join("README.md")).unwrap(), "mine");
    }

    #[test]
    fn a_failure_takes_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("kept")).unwrap();
        // A name longer than file systems allow fails when it is written, not when it is checked.
        let long = format!("z/{}", "n".repeat(300));
        let error = changes(&["a/b/c", "kept/d", &long]).write(root).unwrap_err();
        assert!(matches!(&error, ScaffoldError::Write { left, .. } if left.is_empty()), "{error:?}");
        let names: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["kept"]);
        assert_eq!(fs::read_dir(root.join("kept")).unwrap().count(), 0);
    }
}
