//! New files of a repository, all of them in memory before the first one is written.

use std::{borrow::Cow, collections::BTreeMap};

use super::ScaffoldError;

/// A file that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its bytes.
    pub content: Cow<'static, [u8]>,
    /// Whether it is a program.
    pub executable: bool,
}

/// Files to create, by path inside the repository, with `/` between parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeSet {
    files: BTreeMap<String, NewFile>,
}

impl ChangeSet {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a plain file.
    ///
    /// # Errors
    /// [`ScaffoldError::Target`] when the path leaves the repository or is taken.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        content: impl Into<Cow<'static, [u8]>>,
    ) -> Result<(), ScaffoldError> {
        self.insert(path.into(), NewFile { content: content.into(), executable: false })
    }

    /// Adds a program.
    ///
    /// # Errors
    /// As [`ChangeSet::add`].
    pub fn add_program(
        &mut self,
        path: impl Into<String>,
        content: impl Into<Cow<'static, [u8]>>,
    ) -> Result<(), ScaffoldError> {
        self.insert(path.into(), NewFile { content: content.into(), executable: true })
    }

    fn insert(&mut self, path: String, file: NewFile) -> Result<(), ScaffoldError> {
        let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".." | ".git") && !part.contains('\\'));
        if !inside {
            return Err(ScaffoldError::Target { path, reason: "it does not lie inside the repository" });
        }
        if self.files.contains_key(&path) {
            return Err(ScaffoldError::Target { path, reason: "two templates write it" });
        }
        self.files.insert(path, file);
        Ok(())
    }

    /// The files, sorted by path.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &NewFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// The content of the file at `path`.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|file| file.content.as_ref())
    }

    /// How many files there are in each folder of the top level, in the order of the alphabet;
    /// files of the top level itself count by name.
    pub fn groups(&self) -> BTreeMap<String, usize> {
        let mut groups = BTreeMap::new();
        for path in self.files.keys() {
            let group = path.split_once('/').map_or_else(|| path.clone(), |(folder, _)| format!("{folder}/"));
            *groups.entry(group).or_default() += 1;
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_and_are_taken_once() {
        let mut changes = ChangeSet::new();
        changes.add("a/b", &b"one"[..]).unwrap();
        for path in ["a/b", "", "/etc/passwd", "../x", "a/../../x", "a//b", ".git/config", "a\\b", "a/"] {
            assert!(changes.add(path, &b"two"[..]).is_err(), "{path}");
        }
        assert_eq!(changes.files().len(), 1);
        assert_eq!(changes.get("a/b"), Some(&b"one"[..]));
    }

    #[test]
    fn groups_count_files_by_their_top_folder() {
        let mut changes = ChangeSet::new();
        for path in ["README.md", "a/b", "a/c/d"] {
            changes.add(path, &b""[..]).unwrap();
        }
        assert_eq!(changes.groups().into_iter().collect::<Vec<_>>(), [("README.md".into(), 1), ("a/".into(), 2)]);
    }
}
