//! A tree of files as Git names it: read from a commit, or put together from the work tree.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::Serialize;

use super::{ObjectId, RepoError, error, ids};

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A plain file.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link; the blob holds its target.
    Link,
    /// A commit of another repository.
    Submodule,
    /// A folder.
    Folder,
}

impl Mode {
    /// The number that Git stores, in octal digits.
    pub fn octal(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
            Self::Submodule => "160000",
            Self::Folder => "40000",
        }
    }

    /// Whether it is a file with content of its own, executable or not.
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }

    pub(super) fn from_raw(raw: u32) -> Self {
        match raw & 0o170_000 {
            0o040_000 => Self::Folder,
            0o120_000 => Self::Link,
            0o160_000 => Self::Submodule,
            // Old histories hold group-writable modes; only the owner's executable bit counts.
            _ if raw & 0o100 != 0 => Self::Executable,
            _ => Self::File,
        }
    }
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; bytes that are no UTF-8 are replaced.
    pub name: String,
    /// What it is.
    pub mode: Mode,
    /// The Git object: blob, tree or commit.
    pub id: ObjectId,
}

/// One file below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path from the root of the repository.
    pub path: String,
    /// What it is; never a folder.
    pub mode: Mode,
    /// The Git object: blob or commit.
    pub id: ObjectId,
}

/// A folder with all that is below it. Equal ids mean equal content.
#[derive(Debug)]
pub struct Tree {
    pub(super) id: ObjectId,
    /// Sorted by name.
    pub(super) nodes: Vec<Node>,
}

/// One name in a [`Tree`].
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// The name as Git has it, where that is no UTF-8.
    pub(super) raw: Option<Vec<u8>>,
    pub(super) mode: Mode,
    pub(super) id: ObjectId,
    /// The content of a folder.
    pub(super) folder: Option<Arc<Tree>>,
}

impl Node {
    fn new(name: &[u8], mode: Mode, id: ObjectId, folder: Option<Arc<Tree>>) -> Self {
        match std::str::from_utf8(name) {
            Ok(name) => Self { name: name.to_owned(), raw: None, mode, id, folder },
            Err(_) => {
                Self { name: String::from_utf8_lossy(name).into_owned(), raw: Some(name.to_vec()), mode, id, folder }
            }
        }
    }

    /// The name as Git has it.
    pub(super) fn raw_name(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.name.as_bytes())
    }
}

impl Tree {
    /// A folder with nothing in it.
    pub(super) fn empty() -> Self {
        Self::new(ids::hash(git2::ObjectType::Tree, b""), Vec::new())
    }

    fn new(id: ObjectId, mut nodes: Vec<Node>) -> Self {
        nodes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { id, nodes }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let index = self.nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok()?;
        self.nodes.get(index)
    }

    /// The entries, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.nodes.iter().map(|node| Entry { name: node.name.clone(), mode: node.mode, id: node.id })
    }

    /// Name, kind and object of each entry, sorted by name, and the content of folders.
    pub fn children(&self) -> impl Iterator<Item = (&str, Mode, ObjectId, Option<&Self>)> {
        self.nodes.iter().map(|node| (node.name.as_str(), node.mode, node.id, node.folder.as_deref()))
    }

    /// Every file below, in the order of paths' parts; `prefix` is this folder's own path.
    pub(super) fn collect(&self, prefix: &str, files: &mut Vec<FileEntry>) {
        for node in &self.nodes {
            let path = join(prefix, &node.name);
            match &node.folder {
                Some(folder) => folder.collect(&path, files),
                None => files.push(FileEntry { path, mode: node.mode, id: node.id }),
            }
        }
    }
}

/// Adds the paths of the files that differ between two folders with the path `prefix`: in content, in kind, or by being
/// there at all. Of folders, those that are in one of the two only.
pub(super) fn differences(one: &Tree, other: &Tree, prefix: &str, paths: &mut BTreeSet<String>) {
    let (mut ones, mut others) = (one.nodes.iter().peekable(), other.nodes.iter().peekable());
    loop {
        let (left, right) = match (ones.peek(), others.peek()) {
            (None, None) => return,
            (Some(left), Some(right)) => match left.name.cmp(&right.name) {
                Ordering::Less => (ones.next(), None),
                Ordering::Greater => (None, others.next()),
                Ordering::Equal => (ones.next(), others.next()),
            },
            _ => (ones.next(), others.next()),
        };
        if let (Some(left), Some(right)) = (left, right) {
            if (left.mode, left.id) == (right.mode, right.id) {
                continue;
            }
            if let (Some(below), Some(below_right)) = (&left.folder, &right.folder) {
                differences(below, below_right, &join(prefix, &left.name), paths);
                continue;
            }
        }
        for node in left.into_iter().chain(right) {
            let path = join(prefix, &node.name);
            if let Some(folder) = &node.folder {
                differences(folder, &Tree::empty(), &path, paths);
            }
            paths.insert(path);
        }
    }
}

/// `folder/name`, or `name` at the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Trees already read, by id: two commits share almost all of theirs.
pub(super) type Cache = HashMap<ObjectId, Arc<Tree>>;

/// Reads the tree `id` and all below it.
pub(super) fn read(git: &git2::Repository, id: ObjectId, cache: &mut Cache) -> Result<Arc<Tree>, RepoError> {
    if let Some(known) = cache.get(&id) {
        return Ok(Arc::clone(known));
    }
    let tree = git.find_tree(id.oid()).map_err(error::git(format!("read tree `{id}`")))?;
    let mut nodes = Vec::with_capacity(tree.len());
    for entry in &tree {
        let (mode, id) = (Mode::from_raw(entry.filemode_raw().unsigned_abs()), ObjectId::from_oid(entry.id()));
        let folder = if mode == Mode::Folder { Some(read(git, id, cache)?) } else { None };
        nodes.push(Node::new(entry.name_bytes(), mode, id, folder));
    }
    let tree = Arc::new(Tree::new(id, nodes));
    cache.insert(id, Arc::clone(&tree));
    Ok(tree)
}

/// Puts a tree together from files, sorted by path, and names it as Git would.
pub(super) fn build(files: &[(Vec<u8>, Mode, ObjectId)]) -> Arc<Tree> {
    build_below(files, 0)
}

fn build_below(mut files: &[(Vec<u8>, Mode, ObjectId)], skip: usize) -> Arc<Tree> {
    let mut nodes = Vec::new();
    while let Some((path, mode, id)) = files.first() {
        let rest = path.get(skip..).unwrap_or_default();
        let Some(slash) = rest.iter().position(|&byte| byte == b'/') else {
            nodes.push(Node::new(rest, *mode, *id, None));
            files = &files[1..];
            continue;
        };
        let prefix = &path[..=skip + slash];
        let count = files.iter().take_while(|(path, ..)| path.starts_with(prefix)).count();
        let folder = build_below(&files[..count], prefix.len());
        nodes.push(Node::new(&rest[..slash], Mode::Folder, folder.id, Some(folder)));
        files = &files[count..];
    }
    // Git sorts folders as if their names ended with a slash.
    nodes.sort_unstable_by_key(|node| {
        let mut key = node.raw_name().to_vec();
        if node.mode == Mode::Folder {
            key.push(b'/');
        }
        key
    });
    let mut bytes = Vec::new();
    for node in &nodes {
        bytes.extend_from_slice(node.mode.octal().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(node.raw_name());
        bytes.push(0);
        bytes.extend_from_slice(node.id.as_bytes());
    }
    Arc::new(Tree::new(ids::hash(git2::ObjectType::Tree, &bytes), nodes))
}
