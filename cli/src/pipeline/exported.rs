//! Folders of exported commits: one for each tree of a run, removed with it, or by the next run if it was killed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::{TempDir, TempPath};

use crate::platform::layout;

use super::errored;

/// What the folders' names begin with.
const PREFIX: &str = "tree-";

/// What the name of a folder's lock ends with; it lies beside the folder.
const LOCK: &str = ".lock";

/// Where processes cannot be looked at, a folder without an owner stays this long: a Terraform that outlived a killed
/// kstack may still work in it.
const UNSEEN: Duration = Duration::from_secs(24 * 60 * 60);

/// The exported files of a commit; removed when dropped.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
    /// Locked as long as this process lives, however it ends.
    _lock: (File, TempPath),
}

impl Tree {
    /// Makes an empty folder in `work`, and removes those there that killed runs left.
    pub(super) fn new(work: &Path) -> io::Result<Self> {
        fs::create_dir_all(work)?;
        // Between making a folder and locking it, it would look abandoned.
        let alone = File::create(work.join("trees"))?;
        alone.lock()?;
        sweep(work)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(work)?;
        let path = lock_of(folder.path());
        let lock = File::create(&path)?;
        lock.lock()?;
        Ok(Self { folder, _lock: (lock, TempPath::try_from_path(path)?) })
    }

    /// The folder that stands for the repository's root.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Tree {
    /// What Terraform could not store, and nobody could keep either, must not go with the folder.
    fn drop(&mut self) {
        let holds_state = holds_state(self.path());
        self.folder.disable_cleanup(holds_state);
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(LOCK);
    path.into()
}

fn sweep(work: &Path) -> io::Result<()> {
    for entry in fs::read_dir(work)? {
        let folder = entry?.path();
        let ours = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        if ours && folder.is_dir() && is_abandoned(&folder) {
            // What cannot be removed now harms nobody; the next run tries again.
            let _ = fs::remove_dir_all(&folder);
            let _ = fs::remove_file(lock_of(&folder));
        }
    }
    Ok(())
}

/// Whether Terraform left a state there that it could not store: whoever settles the run comes for it.
fn holds_state(folder: &Path) -> bool {
    let stacks = fs::read_dir(folder.join(layout::INFRA)).into_iter().flatten().flatten();
    stacks.into_iter().any(|stack| stack.path().join(errored::NAME).exists())
}

/// Whether neither the kstack that made the folder is alive, nor a Terraform that it started there.
fn is_abandoned(folder: &Path) -> bool {
    let owned = File::open(lock_of(folder)).is_ok_and(|lock| lock.try_lock().is_err());
    if owned || holds_state(folder) {
        return false;
    }
    match is_worked_in(folder) {
        Ok(worked_in) => !worked_in,
        Err(_) => {
            folder.metadata().and_then(|it| it.modified()).is_ok_and(|it| it.elapsed().is_ok_and(|it| it > UNSEEN))
        }
    }
}

/// Whether a process has its working folder in `folder`: Linux tells in `/proc`.
fn is_worked_in(folder: &Path) -> io::Result<bool> {
    // As the links have it.
    let folder = folder.canonicalize()?;
    let mut processes = fs::read_dir("/proc")?.flatten();
    // Processes of other users cannot be read, and are not ours.
    Ok(processes.any(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn names(work: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_tree_goes_with_its_lock() {
        let work = tempfile::tempdir().unwrap();
        let tree = Tree::new(work.path()).unwrap();
        fs::write(tree.path().join("main.tf"), "").unwrap();
        assert_eq!(names(work.path()).len(), 3);
        drop(tree);
        assert_eq!(names(work.path()), ["trees"]);
    }

    #[test]
    fn only_what_nobody_uses_is_swept() {
        let work = tempfile::tempdir().unwrap();
        let alive = Tree::new(work.path()).unwrap();
        for name in ["tree-killed", "tree-old-version", "tree-with-terraform", "data"] {
            fs::create_dir_all(work.path().join(name).join("infra/dns")).unwrap();
        }
        for name in ["tree-killed.lock", "tree-with-terraform.lock"] {
            fs::write(work.path().join(name), "").unwrap();
        }
        let inside = work.path().join("tree-with-terraform/infra/dns");
        let mut terraform = Command::new("sleep").arg("600").current_dir(inside).stdin(Stdio::null()).spawn().unwrap();

        drop(Tree::new(work.path()).unwrap());
        let kept = alive.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut wanted = [
            kept.clone(),
            format!("{kept}.lock"),
            "data".into(),
            "tree-with-terraform".into(),
            "tree-with-terraform.lock".into(),
            "trees".into(),
        ];
        wanted.sort();
        if cfg!(target_os = "linux") {
            assert_eq!(names(work.path()), wanted);
        }

        terraform.kill().unwrap();
        terraform.wait().unwrap();
        drop(Tree::new(work.path()).unwrap());
        if cfg!(target_os = "linux") {
            assert!(!work.path().join("tree-with-terraform").exists());
        }
        assert!(alive.path().exists());
    }
}
