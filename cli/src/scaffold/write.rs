//! Writing a [`ChangeSet`] as a whole: everything is put into a folder of its own first, beside
//! where it belongs, and appears under its names at the end.
//!
//! A new folder appears by one rename. In a folder that is there, each new file or folder is moved
//! in by one, and when one fails, those before it are moved back.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    ChangeSet, NewFile, ScaffoldError,
    moves::{Moves, REPLACED},
};

/// What may be in the folder that is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing but a Git repository.
    Nothing,
    /// Anything that is not in the way.
    Beside,
    /// Anything; files in the way are replaced.
    Replaced,
}

impl ChangeSet {
    /// What is in the way below `root`: files that exist already, whatever they hold, and files or
    /// symbolic links where a folder must be. A folder that is a link is refused, since its
    /// content may lie outside the repository.
    pub fn conflicts(&self, root: &Path) -> Vec<String> {
        self.in_the_way(root).into_iter().map(|(path, _)| path).collect()
    }

    /// The same, with whether it is a file that could be replaced.
    fn in_the_way(&self, root: &Path) -> BTreeSet<(String, bool)> {
        let mut found = BTreeSet::new();
        let mut checked = BTreeSet::new();
        if !root.exists() {
            return found;
        }
        for (path, _) in self.files() {
            let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            for folder in folders.filter(|folder| checked.insert(*folder)) {
                if root.join(folder).symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
                    found.insert((folder.to_owned(), false));
                }
            }
            if let Ok(metadata) = root.join(path).symlink_metadata() {
                found.insert((path.to_owned(), metadata.is_file()));
            }
        }
        found
    }

    /// Writes all files below `root`, which is made if it does not exist.
    ///
    /// # Errors
    /// As [`ChangeSet::stage`] and [`Staged::commit`].
    pub fn write(&self, root: &Path) -> Result<(), ScaffoldError> {
        self.stage(root, Existing::Beside)?.commit()
    }

    /// Writes all files into a folder beside `root`, or inside of it where it exists. Dropping the
    /// result takes everything back.
    ///
    /// # Errors
    /// [`ScaffoldError::NotEmpty`] and [`ScaffoldError::Conflicts`] before anything is written,
    /// [`ScaffoldError::Write`] after what had been written was removed again.
    pub fn stage(&self, root: &Path, existing: Existing) -> Result<Staged, ScaffoldError> {
        if existing == Existing::Nothing {
            refuse_content(root)?;
        }
        let in_the_way = self.in_the_way(root);
        let refused = in_the_way.into_iter().filter(|(_, file)| existing != Existing::Replaced || !file);
        let paths: Vec<_> = refused.map(|(path, _)| path).collect();
        if !paths.is_empty() {
            return Err(ScaffoldError::Conflicts { root: root.to_owned(), paths });
        }
        // On the same file system as the target, or it could not be renamed.
        let beside = root.ancestors().find(|folder| folder.is_dir()).unwrap_or_else(|| Path::new("."));
        let failed = |path: &Path, source| ScaffoldError::Write { path: path.to_owned(), source, left: Vec::new() };
        let folder = tempfile::Builder::new()
            .prefix(".kstack-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777))
            .tempdir_in(beside)
            .map_err(|source| failed(beside, source))?;
        let mut made = BTreeSet::new();
        for (path, file) in self.files() {
            let target = folder.path().join(path);
            write(&target, file, &mut made).map_err(|source| failed(&root.join(path), source))?;
        }
        Ok(Staged { folder, root: root.to_owned(), replace: existing == Existing::Replaced })
    }
}

/// Refuses a folder that holds anything but a repository's own folder.
fn refuse_content(root: &Path) -> Result<(), ScaffoldError> {
    // What cannot be listed is found when it is written to.
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name != ".git").collect();
    names.sort();
    if names.is_empty() { Ok(()) } else { Err(ScaffoldError::NotEmpty { root: root.to_owned(), names }) }
}

/// Nobody else looks into the folder yet, so a file is simply written.
fn write(target: &Path, file: &NewFile, made: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = target.parent().filter(|folder| !made.contains(*folder)) {
        fs::create_dir_all(folder)?;
        made.insert(folder.to_owned());
    }
    // The user's umask takes its part of the mode away.
    let mode = if file.executable { 0o777 } else { 0o666 };
    let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(target)?;
    io::Write::write_all(&mut target, &file.content)
}

/// Files that are written, and not yet where they belong.
#[derive(Debug)]
pub struct Staged {
    folder: TempDir,
    root: PathBuf,
    replace: bool,
}

impl Staged {
    /// The folder that holds them, laid out as the target will be.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the target appears as a whole: then whatever else is put into [`Staged::folder`] appears with it.
    pub fn is_whole(&self) -> bool {
        !self.root.is_dir()
    }

    /// Moves everything to where it belongs.
    ///
    /// # Errors
    /// [`ScaffoldError::Write`] after everything was moved back, except what it names.
    pub fn commit(self) -> Result<(), ScaffoldError> {
        let mut moves = Moves::default();
        let moved = if self.is_whole() {
            moves.folders_above(&self.root).and_then(|()| moves.to(self.folder.path(), &self.root))
        } else {
            moves.merge(
                self.folder.path(),
                &self.root,
                self.replace.then(|| self.folder.path().join(REPLACED)).as_deref(),
            )
        };
        match moved {
            Ok(()) => Ok(()),
            Err((path, source)) => Err(ScaffoldError::Write { path, source, left: moves.undo() }),
        }
    }
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
    /// Below `folder`, with the content of files.
    fn listed(folder: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                names.extend(listed(&path).into_iter().map(|below| format!("{name}/{below}")));
            } else {
                names.push(format!("{name}={}", fs::read_to_string(&path).unwrap()));
            }
        }
        names.sort();
        names
    }

    #[test]
    fn a_folder_that_holds_something_is_refused_unless_that_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        drop(changes(&["a"]).stage(folder.path(), Existing::Nothing).unwrap());
        fs::write(folder.path().join("LICENSE"), "mine").unwrap();
        let error = changes(&["a"]).stage(folder.path(), Existing::Nothing).unwrap_err();
        assert!(matches!(&error, ScaffoldError::NotEmpty { names, .. } if names == &["LICENSE"]), "{error:?}");
        changes(&["a"]).stage(folder.path(), Existing::Beside).unwrap().commit().unwrap();
        assert_eq!(listed(folder.path()), ["LICENSE=mine", "a=a"]);
    }

    #[test]
    fn only_files_in_the_way_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        for path in ["a/b/c", "a/mine", "mine"] {
            fs::write(root.join(path), "mine").unwrap();
        }
        let changes = changes(&["a/b/c", "a/b/d", "e/f"]);
        changes.stage(root, Existing::Replaced).unwrap().commit().unwrap();
        assert_eq!(listed(root), ["a/b/c=a/b/c", "a/b/d=a/b/d", "a/mine=mine", "e/f=e/f", "mine=mine"]);
    }

    #[test]
    fn folders_and_links_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("file")).unwrap();
        symlink("/tmp", root.join("link")).unwrap();
        symlink("/nowhere", root.join("dangling")).unwrap();
        let error = changes(&["file", "link/x", "dangling"]).stage(root, Existing::Replaced).unwrap_err();
        let ScaffoldError::Conflicts { paths, .. } = &error else { panic!("{error:?}") };
        assert_eq!(paths, &["dangling", "file", "link"]);
    }

    #[test]
    fn a_move_that_fails_takes_back_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("b"), "mine").unwrap();
        let staged = changes(&["a", "b", "c/d"]).stage(root, Existing::Replaced).unwrap();
        // Somebody makes a folder after the check; it is never replaced.
        fs::write(root.join("c"), "").unwrap();
        fs::remove_file(root.join("c")).unwrap();
        symlink("/nowhere", root.join("c")).unwrap();
        let error = staged.commit().unwrap_err();
        assert!(matches!(&error, ScaffoldError::Write { left, .. } if left.is_empty()), "{error:?}");
        fs::remove_file(root.join("c")).unwrap();
        assert_eq!(listed(root), ["b=mine"]);
    }

    #[test]
    fn what_is_staged_and_dropped_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let staged = changes(&["a/b"]).stage(&folder.path().join("x/y"), Existing::Nothing).unwrap();
        assert!(staged.is_whole() && staged.folder().join("a/b").is_file());
        drop(staged);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
