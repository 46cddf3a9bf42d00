//! The work tree as Git would commit it.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use git2::{Delta, DiffOptions, FileMode, Status, StatusOptions};

use super::{
    Mode, ObjectId, RepoError, blob_id, error, program,
    tree::{Tree, build},
};

/// A file that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyFile {
    /// Its path from the root of the repository.
    pub path: String,
    /// How it differs.
    pub kind: DirtyKind,
}

/// How a file differs from the last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirtyKind {
    /// Its content, mode or type changed.
    Modified,
    /// It is new, and Git was told about it.
    Added,
    /// It is gone.
    Deleted,
    /// It is new, and Git was not told about it.
    Untracked,
    /// A merge left it unresolved.
    Conflicted,
}

pub(super) fn dirty(git: &git2::Repository) -> Result<Vec<DirtyFile>, RepoError> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true);
    let statuses = git.statuses(Some(&mut options)).map_err(error::git("read the state of the work tree"))?;
    let mut files = statuses
        .iter()
        .filter_map(|entry| {
            let status = entry.status();
            let kind = if status.contains(Status::CONFLICTED) {
                DirtyKind::Conflicted
            } else if status.contains(Status::WT_NEW) {
                DirtyKind::Untracked
            } else if status.intersects(Status::WT_DELETED | Status::INDEX_DELETED) {
                DirtyKind::Deleted
            } else if status.contains(Status::INDEX_NEW) {
                DirtyKind::Added
            } else if status == Status::CURRENT || status.contains(Status::IGNORED) {
                return None;
            } else {
                DirtyKind::Modified
            };
            Some(DirtyFile { path: String::from_utf8_lossy(entry.path_bytes()).into_owned(), kind })
        })
        .collect::<Vec<_>>();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Reads the work tree: unchanged files from the index, the others from the disk. The second value
/// tells where the content of the latter is.
pub(super) fn read(git: &git2::Repository, root: &Path) -> Result<(Arc<Tree>, HashMap<ObjectId, PathBuf>), RepoError> {
    let mut index = git.index().map_err(error::git("read the index"))?;
    // Another program, or another handle, may have written it.
    index.read(false).map_err(error::git("read the index"))?;
    let mut files = index
        .iter()
        .map(|entry| (entry.path, (Mode::from_raw(entry.mode), ObjectId::from_oid(entry.id))))
        .collect::<BTreeMap<_, _>>();

    let mut options = DiffOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_typechange(true).skip_binary_check(true);
    let diff = git.diff_index_to_workdir(Some(&index), Some(&mut options)).map_err(error::git("read the work tree"))?;
    let mut changed = Vec::new();
    for delta in diff.deltas() {
        let Some(path) = delta.new_file().path_bytes().or(delta.old_file().path_bytes()) else { continue };
        match delta.status() {
            Delta::Unmodified | Delta::Ignored => {}
            Delta::Deleted => {
                files.remove(path);
            }
            // A repository inside this one that is no submodule: its files are not ours.
            _ if path.ends_with(b"/") => {}
            _ if delta.new_file().mode() == FileMode::Commit => {
                files.insert(path.to_vec(), (Mode::Submodule, ObjectId::from_oid(delta.new_file().id())));
            }
            _ => changed.push((path.to_vec(), delta.new_file().mode())),
        }
    }

    let mut on_disk = HashMap::new();
    let ids = ids_of(root, &changed)?;
    for ((path, file_mode), id) in changed.into_iter().zip(ids) {
        let place = on_disk_path(root, &path);
        // A conflicted file has no mode in the index; what lies on the disk decides.
        let mode = if file_mode == FileMode::Unreadable { mode_on_disk(&place)? } else { mode(file_mode) };
        on_disk.insert(id, place);
        files.insert(path, (mode, id));
    }
    let files = files.into_iter().map(|(path, (mode, id))| (path, mode, id)).collect::<Vec<_>>();
    Ok((build(&files), on_disk))
}

/// The blobs that `git add` would make. The git program computes them, because only it runs the
/// filters that `.gitattributes` names (line ends, large file storage).
fn ids_of(root: &Path, files: &[(Vec<u8>, FileMode)]) -> Result<Vec<ObjectId>, RepoError> {
    let by_program = |path: &[u8], mode: FileMode| mode != FileMode::Link && !path.contains(&b'\n');
    let mut input = Vec::new();
    for (path, _) in files.iter().filter(|(path, mode)| by_program(path, *mode)) {
        input.extend_from_slice(path);
        input.push(b'\n');
    }
    let output = if input.is_empty() {
        String::new()
    } else {
        program::run(root, &["hash-object", "--stdin-paths"], &input)?.success("hash-object")?
    };
    let mut hashed = output.lines();
    files
        .iter()
        .map(|(path, mode)| {
            let place = on_disk_path(root, path);
            if *mode == FileMode::Link {
                let target = fs::read_link(&place).map_err(error::io("read the link", &place))?;
                return Ok(blob_id(target.as_os_str().as_bytes()));
            }
            if !by_program(path, *mode) {
                return Ok(blob_id(&fs::read(&place).map_err(error::io("read", &place))?));
            }
            hashed.next().and_then(|line| line.parse().ok()).ok_or_else(|| RepoError::Program {
                command: "hash-object".to_owned(),
                detail: format!("it named no object for `{}`", place.display()),
            })
        })
        .collect()
}

fn on_disk_path(root: &Path, path: &[u8]) -> PathBuf {
    root.join(std::ffi::OsStr::from_bytes(path))
}

fn mode(mode: FileMode) -> Mode {
    match mode {
        FileMode::Link => Mode::Link,
        FileMode::Commit => Mode::Submodule,
        FileMode::BlobExecutable => Mode::Executable,
        _ => Mode::File,
    }
}

fn mode_on_disk(path: &Path) -> Result<Mode, RepoError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::symlink_metadata(path).map_err(error::io("read", path))?;
    Ok(if metadata.is_symlink() {
        Mode::Link
    } else if metadata.permissions().mode() & 0o100 != 0 {
        Mode::Executable
    } else {
        Mode::File
    })
}
