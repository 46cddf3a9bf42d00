//! The files of a platform, all in memory: checks are functions of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{hcl::SourceFile, platform::layout};

pub(super) use crate::platform::layout::resolve;

use super::CheckError;

/// Files by path inside the repository, with `/` between parts.
#[derive(Debug, Default)]
pub struct Files {
    texts: BTreeMap<String, Arc<SourceFile>>,
    /// Everything that exists and is not text: binaries and symbolic links.
    others: BTreeSet<String>,
    folders: BTreeSet<String>,
}

/// Folders that programs keep their own files in.
const IGNORED: &[&str] = &[".git", layout::WORK, ".terraform"];

impl Files {
    /// The work tree below `root`. Symbolic links count as existing and are not followed.
    ///
    /// # Errors
    /// [`CheckError::NoPlatform`] without `kstack.hcl`, [`CheckError::Read`].
    pub fn read(root: &Path) -> Result<Self, CheckError> {
        if !root.join(layout::PLATFORM_FILE).is_file() {
            return Err(CheckError::NoPlatform { path: root.to_owned() });
        }
        let mut files = Self::default();
        files.walk(root, "")?;
        Ok(files)
    }

    /// Files that are already in memory, such as those about to be written.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut all = Self::default();
        for (path, bytes) in files {
            all.add(path.to_owned(), bytes.to_owned());
        }
        all
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<(), CheckError> {
        let read = |path: PathBuf| move |source| CheckError::Read { path, source };
        for entry in fs::read_dir(folder).map_err(read(folder.to_owned()))? {
            let entry = entry.map_err(read(folder.to_owned()))?;
            let (path, name) = (entry.path(), entry.file_name());
            let (Some(name), kind) = (name.to_str(), entry.file_type().map_err(read(path.clone()))?) else {
                continue; // a name that is not text cannot be referred to
            };
            let inside = format!("{prefix}{name}");
            if kind.is_dir() {
                if !IGNORED.contains(&name) {
                    self.walk(&path, &format!("{inside}/"))?;
                }
            } else if kind.is_file() {
                self.add(inside, fs::read(&path).map_err(read(path))?);
            } else {
                self.note_folders(&inside);
                self.others.insert(inside);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        self.note_folders(&path);
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.texts.insert(path.clone(), Arc::new(SourceFile { path, text }));
            }
            Err(_) => {
                self.others.insert(path);
            }
        }
    }

    fn note_folders(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            self.folders.insert(path[..at].to_owned());
        }
    }

    /// The text at `path`.
    pub fn text(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.texts.get(path)
    }

    /// All texts below `folder` (everything when it is empty), sorted by path.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Arc<SourceFile>> {
        self.texts.values().filter(move |file| is_below(&file.path, folder))
    }

    /// The texts directly in `folder`.
    pub fn directly_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Arc<SourceFile>> {
        self.below(folder).filter(move |file| !file.path[folder.len() + 1..].contains('/'))
    }

    /// Whether a file is at `path`.
    pub fn has_file(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.others.contains(path)
    }

    /// Whether a folder is at `path`; a symbolic link may be one.
    pub fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path) || self.others.contains(path)
    }

    /// Names of the folders directly in `folder`.
    pub fn folders_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.folders
            .iter()
            .filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
            .filter(|name| !name.contains('/'))
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The folder of the file at `path`; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_inside_the_repository() {
        assert_eq!(resolve("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(resolve("a/b", "./c/").as_deref(), Some("a/b/c"));
        assert_eq!(resolve("a", "../.."), None);
        assert_eq!(parent("a/b/c"), "a/b");
        assert_eq!(parent("a"), "");
    }

    #[test]
    fn folders_and_files_are_told_apart() {
        let files = Files::new([("a/b/c.tf", &b"x"[..]), ("a/d", &b"\xff"[..])]);
        assert!(files.has_file("a/d") && files.has_folder("a/b") && !files.has_file("a/b"));
        assert_eq!(files.folders_in("a").collect::<Vec<_>>(), ["b"]);
        assert_eq!(files.directly_in("a/b").map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a/b/c.tf"]);
        assert_eq!(files.directly_in("a").count(), 0);
    }
}
