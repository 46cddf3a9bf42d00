//! The exported tree: every path that a manifest names is resolved here, and none leaves it.
//!
//! kustomize with `LoadRestrictionsNone`, which Flux's semantics need, reads any file it is told
//! to; Flux confines it with a file system of its own. Without the same, a pull request could print
//! the credentials of the machine that reviews it.

use std::path::{Component, Path, PathBuf};

use super::RenderError;

/// An exported tree of the repository.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    root: PathBuf,
}

/// What a reference leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    File(PathBuf),
    Folder(PathBuf),
    Nothing,
}

impl Tree {
    pub(super) fn open(root: &Path) -> Result<Self, RenderError> {
        Ok(Self { root: root.canonicalize().map_err(RenderError::io(root))? })
    }

    /// The absolute path of the root, without symbolic links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// `path` relative to the root, with `/` between parts.
    pub(super) fn relative(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    }

    /// What `reference`, found in `file`, leads to when taken from `folder` (absolute, within the tree).
    ///
    /// # Errors
    /// [`RenderError::Outside`], also through symbolic links.
    pub(super) fn resolve(&self, folder: &Path, file: &str, reference: &str) -> Result<Target, RenderError> {
        let outside = || RenderError::Outside { file: file.to_owned(), reference: reference.to_owned() };
        let path = clean(&folder.join(reference));
        if !path.starts_with(&self.root) {
            return Err(outside());
        }
        let real = match path.canonicalize() {
            Ok(real) => real,
            // A link that leads nowhere today may lead out tomorrow, but it cannot be read today either.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Target::Nothing),
            Err(error) => return Err(RenderError::Io { path, source: error }),
        };
        if !real.starts_with(&self.root) {
            return Err(outside());
        }
        Ok(if real.is_dir() { Target::Folder(real) } else { Target::File(real) })
    }

    /// The folder at `path`, relative to the root; a leading `./` or `/` means the root, as for Flux.
    pub(super) fn folder(&self, path: &str, wanted_by: &str) -> Result<PathBuf, RenderError> {
        match self.resolve(&self.root, wanted_by, path.trim_start_matches('/'))? {
            Target::Folder(folder) => Ok(folder),
            Target::File(_) | Target::Nothing => {
                Err(RenderError::NoFolder { path: path.to_owned(), wanted_by: wanted_by.to_owned() })
            }
        }
    }
}

/// `path` without `.` and `..`, by its text alone, as Go's `filepath.Clean`.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// The way from the folder `from` to `to`; both absolute and clean.
pub(super) fn way(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tree");
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        std::os::unix::fs::symlink("../../secret", root.join("a/link")).unwrap();
        std::os::unix::fs::symlink("../..", root.join("a/up")).unwrap();
        let tree = Tree::open(&root).unwrap();
        let a = tree.root().join("a");
        for reference in ["../../secret", "/etc/passwd", "link", "up/secret", "../../../../../../etc/passwd"] {
            let result = tree.resolve(&a, "a/kustomization.yaml", reference);
            assert!(matches!(result, Err(RenderError::Outside { .. })), "{reference}: {result:?}");
        }
        assert_eq!(tree.resolve(&a, "", "../a").unwrap(), Target::Folder(a.clone()));
        assert_eq!(tree.resolve(&a, "", "none").unwrap(), Target::Nothing);
    }

    #[test]
    fn ways_lead_back() {
        assert_eq!(way(Path::new("/tmp/x/y"), Path::new("/tmp/a/b")), Path::new("../../a/b"));
        assert_eq!(way(Path::new("/a"), Path::new("/a/b")), Path::new("b"));
    }
}
