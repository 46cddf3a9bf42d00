//! Writing a snapshot's files into an empty folder.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{OpenOptionsExt as _, symlink},
    },
    path::{Path, PathBuf},
};

use super::{
    Mode, ObjectId, RepoError, Snapshot, error, in_parallel,
    tree::{Node, Tree, join},
};

/// What an export wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many files and symlinks there are now.
    pub files: usize,
    /// Symlinks that were not written because they lead out of the repository: what they would read
    /// was never reviewed, and could be anything on this machine.
    pub left_out: Vec<LeftOut>,
}

/// A symlink that leads out of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its path.
    pub path: String,
    /// Where it leads.
    pub target: String,
}

struct Task {
    place: PathBuf,
    mode: Mode,
    id: ObjectId,
}

impl Snapshot {
    /// Writes all files into `dest`, which is created, or must be empty: content, executable bits,
    /// symlinks. Submodules become empty folders, as after a plain clone.
    ///
    /// # Errors
    /// When `dest` is not empty or cannot be written, or a name in the tree is one that no checkout
    /// may create.
    pub fn export(&self, dest: &Path) -> Result<Exported, RepoError> {
        self.export_without(dest, &|_| false)
    }

    /// As [`Snapshot::export`], without the folders (by path from the root) that `without` is true for.
    ///
    /// # Errors
    /// As [`Snapshot::export`].
    pub fn export_without(&self, dest: &Path, without: &dyn Fn(&str) -> bool) -> Result<Exported, RepoError> {
        prepare(dest)?;
        let mut plan = Plan { snapshot: self, without, tasks: Vec::new(), left_out: Vec::new() };
        plan.folder(self.tree(), "", dest)?;
        plan.run()
    }

    /// As [`Snapshot::export`], with only `folders` and what is below them; those that do not exist
    /// are left out.
    ///
    /// # Errors
    /// As [`Snapshot::export`].
    pub fn export_folders(&self, dest: &Path, folders: &[&str]) -> Result<Exported, RepoError> {
        prepare(dest)?;
        let mut folders = folders.to_vec();
        folders.sort_unstable();
        let mut plan = Plan { snapshot: self, without: &|_| false, tasks: Vec::new(), left_out: Vec::new() };
        let mut last: Option<&str> = None;
        for folder in folders {
            // Sorted, so that a folder comes before what is inside it.
            let inside = |outer: &str| folder == outer || folder.starts_with(&format!("{outer}/"));
            if last.is_some_and(inside) {
                continue;
            }
            let mut tree = self.tree();
            let mut place = dest.to_owned();
            let mut exists = true;
            for part in folder.split('/') {
                let Some(Node { folder: Some(below), .. }) = tree.get(part) else {
                    exists = false;
                    break;
                };
                (tree, place) = (below, place.join(safe(part.as_bytes(), folder)?));
            }
            if exists {
                fs::create_dir_all(&place).map_err(error::io("create", &place))?;
                plan.folder(tree, folder, &place)?;
                last = Some(folder);
            }
        }
        plan.run()
    }
}

fn prepare(dest: &Path) -> Result<(), RepoError> {
    fs::create_dir_all(dest).map_err(error::io("create", dest))?;
    let mut entries = fs::read_dir(dest).map_err(error::io("read", dest))?;
    if entries.next().is_some() { Err(RepoError::NotEmpty { path: dest.to_owned() }) } else { Ok(()) }
}

/// A name that stays in its folder. Trees made by hand can hold any bytes; Git's own checkout
/// refuses the same names.
fn safe<'n>(name: &'n [u8], path: &str) -> Result<&'n OsStr, RepoError> {
    let bad = name.is_empty()
        || name == b"."
        || name == b".."
        || name.eq_ignore_ascii_case(b".git")
        || name.iter().any(|&byte| byte == b'/' || byte == 0);
    if bad { Err(RepoError::UnsafeName { path: path.to_owned() }) } else { Ok(OsStr::from_bytes(name)) }
}

struct Plan<'s> {
    snapshot: &'s Snapshot,
    without: &'s dyn Fn(&str) -> bool,
    tasks: Vec<Task>,
    left_out: Vec<LeftOut>,
}

impl Plan<'_> {
    /// Creates the folders below `place` and notes the files. `create_dir` refuses what exists, so that
    /// nothing is ever written through a symlink that the tree itself holds.
    fn folder(&mut self, tree: &Tree, path: &str, place: &Path) -> Result<(), RepoError> {
        for node in &tree.nodes {
            let path = join(path, &node.name);
            let place = place.join(safe(node.raw_name(), &path)?);
            match (&node.folder, node.mode) {
                (Some(_), _) if (self.without)(&path) => {}
                (Some(below), _) => {
                    fs::create_dir(&place).map_err(error::io("create", &place))?;
                    self.folder(below, &path, &place)?;
                }
                (None, Mode::Submodule) => fs::create_dir(&place).map_err(error::io("create", &place))?,
                (None, Mode::Link) if self.leaves(&path)? => {
                    let target = String::from_utf8_lossy(&self.snapshot.link_target(node.id)?).into_owned();
                    self.left_out.push(LeftOut { path, target });
                }
                (None, mode) => self.tasks.push(Task { place, mode, id: node.id }),
            }
        }
        Ok(())
    }

    fn leaves(&self, path: &str) -> Result<bool, RepoError> {
        match self.snapshot.lookup(path) {
            Err(RepoError::Escapes { .. }) => Ok(true),
            // A link that leads nowhere, or in circles, reads nothing.
            Ok(_) | Err(RepoError::LinkLoop { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn run(self) -> Result<Exported, RepoError> {
        let snapshot = self.snapshot;
        in_parallel(&self.tasks, |task| write(snapshot, task))?;
        Ok(Exported { files: self.tasks.len(), left_out: self.left_out })
    }
}

fn write(snapshot: &Snapshot, task: &Task) -> Result<(), RepoError> {
    if task.mode == Mode::Link {
        let target = snapshot.link_target(task.id)?;
        return symlink(OsStr::from_bytes(&target), &task.place).map_err(error::io("create", &task.place));
    }
    let bytes = snapshot.blob(task.id)?;
    let permissions = if task.mode == Mode::Executable { 0o777 } else { 0o666 };
    // The mode is what the umask leaves of it, as with a checkout.
    let create = || -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(permissions).open(&task.place)?;
        file.write_all(&bytes)
    };
    create().map_err(error::io("write", &task.place))
}
