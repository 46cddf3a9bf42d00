//! Gathering files and folders into a closure, through symlinks.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use super::{
    ClosureError, ClosureFile, Memo, Notice,
    difference::Difference,
    facts::{Facts, Language},
    files::Origin,
};
use crate::repo::{FileEntry, Found, FoundNode, Mode, ObjectId, RepoError, Snapshot, Tree};

/// The files of a closure on the way. All that a closure knows of its snapshot it has from here.
#[derive(Debug)]
pub(super) struct Collector<'s> {
    snapshot: &'s Snapshot,
    /// Where another snapshot differs, and whether anything that was asked for can be another there.
    difference: Option<&'s Difference>,
    pub(super) met: bool,
    pub(super) files: BTreeMap<String, ClosureFile>,
    pub(super) notices: BTreeSet<Notice>,
    /// Folders that are in with all that is below them, by real path.
    whole: HashSet<String>,
    /// Symlinks whose targets are in.
    followed: HashSet<String>,
}

/// What a path that was added leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Added {
    /// A file, by real path.
    File(String, ObjectId),
    /// A folder, by real path.
    Folder(String),
    /// Nothing that could be read.
    Nothing,
}

impl<'s> Collector<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, difference: Option<&'s Difference>) -> Self {
        Self {
            snapshot,
            difference,
            met: false,
            files: BTreeMap::new(),
            notices: BTreeSet::new(),
            whole: HashSet::new(),
            followed: HashSet::new(),
        }
    }

    /// What lies at `path`.
    pub(super) fn lookup(&mut self, path: &str) -> Result<Option<Found>, RepoError> {
        let Some(difference) = self.difference.filter(|_| !self.met) else { return self.snapshot.lookup(path) };
        self.snapshot.lookup_telling(path, &mut |basis| self.met |= difference.meets(basis))
    }

    /// Every file below `folder`.
    pub(super) fn files(&mut self, folder: &str) -> Result<Vec<FileEntry>, RepoError> {
        self.lookup(folder)?;
        self.snapshot.files(folder)
    }

    /// What the blob `id`, which was found here, says as `language`.
    pub(super) fn facts(&self, memo: &Memo, id: ObjectId, language: Language) -> Result<Arc<Facts>, RepoError> {
        memo.facts(self.snapshot, id, language)
    }

    /// Follows `path`, and adds the symlinks on the way. A path that leaves the repository, or goes in
    /// circles, is noticed and leads nowhere.
    pub(super) fn find(&mut self, path: &str, origin: &Origin) -> Result<Option<Found>, ClosureError> {
        let found = match self.lookup(path) {
            Err(RepoError::Escapes { .. }) => {
                let (from, line) = match origin {
                    Origin::Named { from, line, .. } => (from.clone(), *line),
                    _ => (path.to_owned(), 0),
                };
                self.notices.insert(Notice::Outside { path: from, line, target: path.to_owned() });
                return Ok(None);
            }
            Err(RepoError::LinkLoop { path }) => {
                self.notices.insert(Notice::LinkLoop { path });
                return Ok(None);
            }
            other => other?,
        };
        for link in found.iter().flat_map(|found| &found.links) {
            self.insert(&link.path, link.mode, link.id, origin);
        }
        // Its commit stands for every file inside it.
        if let Some(Found { path, node: FoundNode::Submodule { id }, .. }) = &found {
            self.insert(path, Mode::Submodule, *id, origin);
        }
        Ok(found)
    }

    /// Adds the file at `path`, or the folder with all that is below it.
    pub(super) fn add(&mut self, path: &str, origin: &Origin) -> Result<Added, ClosureError> {
        let Some(found) = self.find(path, origin)? else { return Ok(Added::Nothing) };
        match found.node {
            FoundNode::File { mode, id } => {
                self.insert(&found.path, mode, id, origin);
                Ok(Added::File(found.path, id))
            }
            FoundNode::Submodule { .. } => Ok(Added::Nothing),
            FoundNode::Folder(tree) => {
                self.folder(&tree, &found.path, origin)?;
                Ok(Added::Folder(found.path))
            }
        }
    }

    /// As [`Collector::add`], for a path that is only a guess: nothing is noticed.
    pub(super) fn add_guess(&mut self, path: &str, origin: &Origin) -> Result<(), ClosureError> {
        let notices = self.notices.clone();
        self.add(path, origin)?;
        self.notices = notices;
        Ok(())
    }

    /// Whether `path` lies in a folder that is in as a whole.
    pub(super) fn covers(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.whole.contains(path) {
                return true;
            }
            match path.rsplit_once('/') {
                Some((folder, _)) => path = folder,
                None => return self.whole.contains(""),
            }
        }
    }

    pub(super) fn insert(&mut self, path: &str, mode: Mode, id: ObjectId, origin: &Origin) {
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), ClosureFile { mode, id, origin: origin.clone() });
        }
    }

    fn folder(&mut self, tree: &Tree, path: &str, origin: &Origin) -> Result<(), ClosureError> {
        if self.covers(path) {
            return Ok(());
        }
        self.whole.insert(path.to_owned());
        self.below(tree, path, origin)
    }

    fn below(&mut self, tree: &Tree, path: &str, origin: &Origin) -> Result<(), ClosureError> {
        for (name, mode, id, below) in tree.children() {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            if let Some(below) = below {
                self.below(below, &path, origin)?;
                continue;
            }
            self.insert(&path, mode, id, origin);
            if mode == Mode::Link && self.followed.insert(path.clone()) {
                self.add(&path, origin)?;
            }
        }
        Ok(())
    }
}
