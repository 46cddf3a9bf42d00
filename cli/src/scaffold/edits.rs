//! A change to files that are there: everything or nothing of it is made.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    ScaffoldError,
    moves::{Failed, Moves, REPLACED},
};

/// What a file is before and after; never the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text that is there now; `None` for a new file.
    pub before: Option<String>,
    /// The text that will be there; `None` for a file that goes.
    pub after: Option<String>,
}

/// Changed files by path inside the repository, with `/` between parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    files: BTreeMap<String, Edit>,
}

impl Edits {
    /// What makes `after` out of `before`.
    pub fn between(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Self {
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let edit = |path: &String| Edit { before: before.get(path).cloned(), after: after.get(path).cloned() };
        let edits = paths.into_iter().map(|path| (path.clone(), edit(path)));
        Self { files: edits.filter(|(_, edit)| edit.before != edit.after).collect() }
    }

    /// The files, sorted by path.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &Edit)> {
        self.files.iter().map(|(path, edit)| (path.as_str(), edit))
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Makes the change below `root`.
    ///
    /// # Errors
    /// [`ScaffoldError::Moved`] when a file is not what it was any more, before anything is written;
    /// [`ScaffoldError::Write`] after everything was moved back, except what it names.
    pub fn commit(&self, root: &Path) -> Result<(), ScaffoldError> {
        let failed = |(path, source): Failed, left: Vec<PathBuf>| ScaffoldError::Write { path, source, left };
        for (path, edit) in self.files() {
            let now = match fs::read(root.join(path)) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(source) => return Err(failed((root.join(path), source), Vec::new())),
            };
            if now.as_deref() != edit.before.as_ref().map(String::as_bytes) {
                return Err(ScaffoldError::Moved { path: path.to_owned() });
            }
        }
        // On the same file system as the target, or it could not be renamed.
        let staged = tempfile::Builder::new().prefix(".kstack-").tempdir_in(root);
        let staged = staged.map_err(|source| failed((root.to_owned(), source), Vec::new()))?;
        for (path, edit) in self.files() {
            let Some(text) = &edit.after else { continue };
            stage(&staged.path().join(path), &root.join(path), text).map_err(|error| failed(error, Vec::new()))?;
        }
        let mut moves = Moves::default();
        match self.exchange(staged.path(), root, &mut moves) {
            Ok(()) => {}
            Err(error) => return Err(failed(error, moves.undo())),
        }
        for (path, _) in self.files().filter(|(_, edit)| edit.after.is_none()) {
            let folders = root.join(path);
            for folder in folders.ancestors().skip(1).take_while(|folder| *folder != root) {
                // A folder that holds something else stays.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Moves what goes out of the way, and what comes to its place.
    fn exchange(&self, staged: &Path, root: &Path, moves: &mut Moves) -> Result<(), Failed> {
        for (path, edit) in self.files() {
            let target = root.join(path);
            if edit.before.is_some() {
                let away = staged.join(REPLACED).join(path);
                let folder = away.parent().unwrap_or(staged);
                fs::create_dir_all(folder).map_err(|source| (folder.to_owned(), source))?;
                moves.to(&target, &away)?;
            }
            if edit.after.is_some() {
                moves.folders_above(&target)?;
                moves.to(&staged.join(path), &target)?;
            }
        }
        Ok(())
    }
}

/// Writes `text`, with the mode of the file that it replaces.
fn stage(staged: &Path, target: &Path, text: &str) -> Result<(), Failed> {
    let written = || -> io::Result<()> {
        if let Some(folder) = staged.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(staged, text)?;
        match target.metadata() {
            Ok(metadata) => fs::set_permissions(staged, metadata.permissions()),
            Err(_) => Ok(()),
        }
    };
    written().map_err(|source| (target.to_owned(), source))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
    }

    fn read(root: &Path, path: &str) -> Option<String> {
        fs::read_to_string(root.join(path)).ok()
    }

    #[test]
    fn files_are_made_changed_and_taken_away_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let before = [("a/b/gone", "1"), ("a/kept", "2"), ("changed", "3")];
        write(root, &before);
        fs::set_permissions(root.join("changed"), fs::Permissions::from_mode(0o755)).unwrap();
        let edits = Edits::between(&texts(&before), &texts(&[("a/kept", "2"), ("changed", "4"), ("n/e/w", "5")]));
        assert_eq!(edits.files().map(|(path, _)| path).collect::<Vec<_>>(), ["a/b/gone", "changed", "n/e/w"]);
        edits.commit(root).unwrap();
        assert!(!root.join("a/b").exists() && root.join("a").is_dir());
        assert_eq!(read(root, "changed").as_deref(), Some("4"));
        assert_eq!(read(root, "n/e/w").as_deref(), Some("5"));
        assert_eq!(root.join("changed").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(root).unwrap().count(), 3, "nothing of the staging is left");
    }

    #[test]
    fn a_file_that_somebody_changed_meanwhile_stops_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &[("a", "1"), ("b", "1")]);
        let edits = Edits::between(&texts(&[("a", "1"), ("b", "1")]), &texts(&[("a", "2"), ("b", "2"), ("c", "2")]));
        write(root, &[("b", "mine")]);
        let error = edits.commit(root).unwrap_err();
        assert!(matches!(&error, ScaffoldError::Moved { path } if path == "b"), "{error:?}");
        write(root, &[("b", "1"), ("c", "mine")]);
        assert!(matches!(edits.commit(root).unwrap_err(), ScaffoldError::Moved { path } if path == "c"));
        assert_eq!(read(root, "a").as_deref(), Some("1"));
    }

    #[test]
    fn what_cannot_be_written_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &[("a", "1"), ("z", "a file")]);
        // `z/b` cannot be made, since `z` is a file.
        let edits = Edits::between(&texts(&[("a", "1")]), &texts(&[("a", "2"), ("z/b", "2")]));
        assert!(edits.commit(root).is_err());
        assert_eq!(read(root, "a").as_deref(), Some("1"));
        assert_eq!(fs::read_dir(root).unwrap().count(), 2);
    }
}
