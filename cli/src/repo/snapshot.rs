//! The files of a commit or of the work tree, read without checking anything out.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::PathBuf,
    sync::Arc,
};

use super::{
    CommitId, Entry, FileEntry, Mode, ObjectId, RepoError, Repository, error,
    tree::{self, Node, Tree, join},
};

/// As many symlinks on one path as Linux follows.
const MAX_LINKS: usize = 40;

/// The files of a commit or of the work tree. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Snapshot {
    repository: Repository,
    tree: Arc<Tree>,
    commit: Option<CommitId>,
    /// Files of the work tree whose content is not in the object database.
    on_disk: Arc<HashMap<ObjectId, PathBuf>>,
}

/// A file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name in Git.
    pub id: ObjectId,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a path leads to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The path without symlinks, `.` and `..`.
    pub path: String,
    /// What is there.
    pub node: FoundNode,
    /// The symlinks that were passed on the way, in order.
    pub links: Vec<FileEntry>,
}

/// What is at the end of a path.
#[derive(Debug, Clone)]
pub enum FoundNode {
    /// A file.
    File {
        /// Executable or not.
        mode: Mode,
        /// Its blob.
        id: ObjectId,
    },
    /// A folder.
    Folder(Arc<Tree>),
    /// Another repository's commit, whose files are not here: also what a path inside it leads to.
    Submodule {
        /// The commit.
        id: ObjectId,
    },
}

/// What the answer to a look-up rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis<'a> {
    /// That there is a folder at this path.
    Folder(&'a str),
    /// What is at this path and below it, or that nothing is.
    All(&'a str),
}

impl Snapshot {
    pub(super) fn of_commit(repository: Repository, commit: CommitId, tree: Arc<Tree>) -> Self {
        Self { repository, tree, commit: Some(commit), on_disk: Arc::default() }
    }

    pub(super) fn of_merge(repository: Repository, tree: Arc<Tree>) -> Self {
        Self { repository, tree, commit: None, on_disk: Arc::default() }
    }

    pub(super) fn of_worktree(repository: Repository, tree: Arc<Tree>, on_disk: HashMap<ObjectId, PathBuf>) -> Self {
        Self { repository, tree, commit: None, on_disk: Arc::new(on_disk) }
    }

    /// The commit; `None` for the work tree and for a merge that nobody committed.
    pub fn commit(&self) -> Option<CommitId> {
        self.commit
    }

    /// The name of the whole tree: equal for snapshots with equal files.
    pub fn tree_id(&self) -> ObjectId {
        self.tree.id
    }

    pub(super) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// The entries of `folder` (`""` is the root), sorted by name; `None` when there is no such folder.
    ///
    /// # Errors
    /// Symlinks on the path that leave the repository or go in circles.
    pub fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, RepoError> {
        Ok(self.lookup(folder)?.and_then(|found| match found.node {
            FoundNode::Folder(tree) => Some(tree.entries().collect()),
            _ => None,
        }))
    }

    /// The file at `path`; `None` when there is none.
    ///
    /// # Errors
    /// Symlinks on the path that leave the repository or go in circles; content that cannot be read.
    pub fn read(&self, path: &str) -> Result<Option<Blob>, RepoError> {
        match self.lookup(path)?.map(|found| found.node) {
            Some(FoundNode::File { id, .. }) => Ok(Some(Blob { id, bytes: self.blob(id)? })),
            _ => Ok(None),
        }
    }

    /// The content of a blob that this snapshot named.
    ///
    /// # Errors
    /// When the object is missing, or the file of the work tree went away meanwhile.
    pub fn blob(&self, id: ObjectId) -> Result<Vec<u8>, RepoError> {
        if let Some(path) = self.on_disk.get(&id) {
            return fs::read(path).map_err(error::io("read", path));
        }
        self.repository.with(|git| {
            let blob = git.find_blob(id.oid()).map_err(error::git(format!("read blob `{id}`")))?;
            Ok(blob.content().to_vec())
        })
    }

    /// Where a symlink leads, as stored.
    pub(super) fn link_target(&self, id: ObjectId) -> Result<Vec<u8>, RepoError> {
        if let Some(path) = self.on_disk.get(&id) {
            let target = fs::read_link(path).map_err(error::io("read the link", path))?;
            return Ok(target.into_os_string().into_encoded_bytes());
        }
        self.blob(id)
    }

    /// Every file below `folder`, without following symlinks; empty when there is no such folder.
    ///
    /// # Errors
    /// As [`Snapshot::list`].
    pub fn files(&self, folder: &str) -> Result<Vec<FileEntry>, RepoError> {
        let mut files = Vec::new();
        if let Some(Found { path, node: FoundNode::Folder(tree), .. }) = self.lookup(folder)? {
            tree.collect(&path, &mut files);
        }
        Ok(files)
    }

    /// The paths of the files that differ from those of `other`: in content, in kind, or by being there at all. Of folders,
    /// those that are in one of the two only. Folders that are equal are not looked into.
    pub fn differences(&self, other: &Self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        tree::differences(&self.tree, &other.tree, "", &mut paths);
        paths
    }

    /// Follows `path` from the root as a kernel would: part by part, `..` after symlinks are resolved.
    ///
    /// # Errors
    /// [`RepoError::Escapes`] when `..` or a symlink leaves the repository, [`RepoError::LinkLoop`].
    pub fn lookup(&self, path: &str) -> Result<Option<Found>, RepoError> {
        self.lookup_telling(path, &mut |_| {})
    }

    /// [`Snapshot::lookup`], which tells all that the answer rests on: a snapshot where that is the same gives the same answer.
    ///
    /// # Errors
    /// As [`Snapshot::lookup`].
    pub fn lookup_telling(&self, path: &str, rests_on: &mut dyn FnMut(Basis<'_>)) -> Result<Option<Found>, RepoError> {
        if let Some(node) = self.plain(path) {
            rests_on(Basis::All(path));
            return Ok(Some(Found { path: path.to_owned(), node, links: Vec::new() }));
        }
        self.walk(path, rests_on)
    }

    /// What lies at a path that is as plain as most are: of names only, through folders only.
    fn plain(&self, path: &str) -> Option<FoundNode> {
        let mut folder = &self.tree;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if matches!(part, "" | "." | "..") {
                return None;
            }
            let Node { mode, id, folder: below, .. } = folder.get(part)?;
            match below {
                Some(below) => folder = below,
                None if parts.peek().is_none() && mode.is_file() => {
                    return Some(FoundNode::File { mode: *mode, id: *id });
                }
                None => return None,
            }
        }
        Some(FoundNode::Folder(Arc::clone(folder)))
    }

    fn walk(&self, path: &str, rests_on: &mut dyn FnMut(Basis<'_>)) -> Result<Option<Found>, RepoError> {
        let escapes = || RepoError::Escapes { path: path.to_owned() };
        if path.starts_with('/') {
            return Err(escapes());
        }
        // What is still to walk, last part first.
        let mut ahead = path.split('/').rev().map(str::to_owned).collect::<Vec<_>>();
        let mut links = Vec::new();
        let mut folders = vec![Arc::clone(&self.tree)];
        let mut names: Vec<String> = Vec::new();
        while let Some(part) = ahead.pop() {
            if part.is_empty() || part == "." {
                continue;
            }
            if part == ".." {
                rests_on(Basis::Folder(&names.join("/")));
                names.pop().ok_or_else(escapes)?;
                folders.pop();
                continue;
            }
            let Some(folder) = folders.last() else { return Ok(None) };
            let Some(Node { mode, id, folder: below, .. }) = folder.get(&part) else {
                // What is missing here may be made later, such as `.terraform`; the path must not
                // leave the repository then either.
                rests_on(Basis::All(&join(&names.join("/"), &part)));
                ahead.push(part);
                return if leaves(names.len(), &ahead) { Err(escapes()) } else { Ok(None) };
            };
            let at = join(&names.join("/"), &part);
            if below.is_none() {
                rests_on(Basis::All(&at));
            }
            let more = ahead.iter().any(|part| !part.is_empty() && part != ".");
            match (mode, below) {
                (_, Some(below)) => {
                    let below = Arc::clone(below);
                    names.push(part);
                    folders.push(below);
                }
                (Mode::Link, _) => {
                    if links.len() == MAX_LINKS {
                        return Err(RepoError::LinkLoop { path: path.to_owned() });
                    }
                    let target = String::from_utf8_lossy(&self.link_target(*id)?).into_owned();
                    if target.starts_with('/') {
                        return Err(escapes());
                    }
                    links.push(FileEntry { path: at, mode: Mode::Link, id: *id });
                    ahead.extend(target.split('/').rev().map(str::to_owned));
                }
                // Its files are not here, but its folder is: the way may lead out of it again.
                (Mode::Submodule, _) if leaves(0, &ahead) => {
                    names.push(part);
                    folders.push(Arc::new(Tree::empty()));
                }
                // Whatever lies below is as its commit says.
                (Mode::Submodule, _) => {
                    return Ok(Some(Found { path: at, node: FoundNode::Submodule { id: *id }, links }));
                }
                _ if more => return Ok(None),
                (mode, _) => {
                    return Ok(Some(Found { path: at, node: FoundNode::File { mode: *mode, id: *id }, links }));
                }
            }
        }
        let folder = folders.pop().unwrap_or_else(|| Arc::clone(&self.tree));
        let path = names.join("/");
        rests_on(Basis::All(&path));
        Ok(Some(Found { path, node: FoundNode::Folder(folder), links }))
    }
}

/// Whether walking `ahead` (last part first) from `depth` folders below the root ever leaves it.
fn leaves(depth: usize, ahead: &[String]) -> bool {
    let mut depth = depth;
    for part in ahead.iter().rev() {
        match part.as_str() {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}
