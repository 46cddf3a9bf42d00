//! A repository: where it is, its revisions and its history.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{CommitId, DirtyFile, ObjectId, RepoError, Snapshot, error, program, tree, worktree};
use crate::{hcl::nearest, platform::layout};

/// A repository with a work tree. Clones are cheap and share caches.
#[derive(Clone)]
pub struct Repository {
    shared: Arc<Shared>,
}

struct Shared {
    /// The work tree.
    root: PathBuf,
    /// The `.git` folder, to open further handles.
    git_folder: PathBuf,
    /// Handles that nobody uses right now. libgit2's are for one thread at a time.
    handles: Mutex<Vec<git2::Repository>>,
    trees: Mutex<tree::Cache>,
}

/// A commit's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub id: CommitId,
    /// Its parents.
    pub parents: Vec<CommitId>,
    /// The author's name.
    pub author_name: String,
    /// The author's address.
    pub author_email: String,
    /// When it was committed.
    pub time: Timestamp,
    /// The first line of the message.
    pub subject: String,
    /// The whole message.
    pub message: String,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repository").field(&self.shared.root).finish()
    }
}

impl Repository {
    /// Opens the kstack repository that `folder` is in.
    ///
    /// # Errors
    /// When no folder above is a Git repository with a work tree, or its root has no `kstack.hcl`.
    pub fn open(folder: &Path) -> Result<Self, RepoError> {
        let repository = Self::open_any(folder)?;
        let root = repository.root();
        if root.join(layout::PLATFORM_FILE).exists() {
            Ok(repository)
        } else {
            Err(RepoError::NotAPlatform { root: root.to_owned() })
        }
    }

    /// Opens the Git repository that `folder` is in, whether kstack manages it or not.
    ///
    /// # Errors
    /// When no folder above is a Git repository with a work tree.
    pub fn open_any(folder: &Path) -> Result<Self, RepoError> {
        let git = git2::Repository::discover(folder).map_err(|source| match source.code() {
            git2::ErrorCode::NotFound => RepoError::NotARepository { path: folder.to_owned() },
            git2::ErrorCode::Owner => RepoError::Owner { path: folder.to_owned() },
            _ => RepoError::Git { action: format!("open the repository of `{}`", folder.display()), source },
        })?;
        let format = git.config().and_then(|config| config.get_string("extensions.objectformat"));
        if format.is_ok_and(|format| format != "sha1") {
            return Err(RepoError::ObjectFormat { path: folder.to_owned() });
        }
        let root = git.workdir().ok_or_else(|| RepoError::Bare { path: git.path().to_owned() })?;
        let shared = Shared {
            // libgit2 ends it with a slash.
            root: root.components().collect(),
            git_folder: git.path().to_owned(),
            handles: Mutex::new(Vec::new()),
            trees: Mutex::default(),
        };
        lock(&shared.handles).push(git);
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The folder that holds the work tree.
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    /// Runs `work` with a libgit2 handle that no other thread uses meanwhile.
    pub(super) fn with<T>(&self, work: impl FnOnce(&git2::Repository) -> Result<T, RepoError>) -> Result<T, RepoError> {
        let idle = lock(&self.shared.handles).pop();
        let git = match idle {
            Some(git) => git,
            None => git2::Repository::open(&self.shared.git_folder)
                .map_err(error::git(format!("open `{}`", self.shared.git_folder.display())))?,
        };
        let result = work(&git);
        lock(&self.shared.handles).push(git);
        result
    }

    /// Runs the git program in the work tree.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<program::Output, RepoError> {
        program::run(self.root(), arguments, &[])
    }

    /// The commit that `revision` names: a branch, a tag, a (short) id, `HEAD~1`, `origin/main`, …
    ///
    /// # Errors
    /// An unknown revision, with the nearest known name; or history that a shallow clone lacks.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, RepoError> {
        self.with(|git| {
            let found = git.revparse_single(revision).and_then(|object| object.peel_to_commit());
            found.map(|commit| CommitId(ObjectId::from_oid(commit.id()))).map_err(|source| {
                use git2::ErrorCode::{Ambiguous, InvalidSpec, NotFound, UnbornBranch};
                if !matches!(source.code(), NotFound | InvalidSpec | UnbornBranch | Ambiguous) {
                    return RepoError::Git { action: format!("resolve `{revision}`"), source };
                }
                if git.is_empty().unwrap_or(false) {
                    return RepoError::Unborn;
                }
                // `main~3` where `main` is known: only its history can be missing.
                let known = revision.split_once(['~', '^']).is_some_and(|(name, _)| git.revparse_single(name).is_ok());
                // So can a commit that a forge names, such as the one before a push.
                let commit = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
                if git.is_shallow() && (known || commit) {
                    return RepoError::Shallow { wanted: format!("`{revision}`") };
                }
                let names = reference_names(git);
                let near = nearest(revision, names.iter().map(String::as_str)).map(str::to_owned);
                RepoError::UnknownRevision { revision: revision.to_owned(), near }
            })
        })
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// [`RepoError::Unborn`] before the first commit.
    pub fn head(&self) -> Result<CommitId, RepoError> {
        self.with(|git| match git.head().and_then(|head| head.peel_to_commit()) {
            Ok(commit) => Ok(CommitId(ObjectId::from_oid(commit.id()))),
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => Err(RepoError::Unborn),
            Err(error) => Err(error::git("resolve `HEAD`")(error)),
        })
    }

    /// The branch that is checked out, also before its first commit; `None` when `HEAD` is detached.
    ///
    /// # Errors
    /// When `HEAD` cannot be read.
    pub fn current_branch(&self) -> Result<Option<String>, RepoError> {
        self.with(|git| {
            let head = git.find_reference("HEAD").map_err(error::git("read `HEAD`"))?;
            let target = head.symbolic_target().ok().flatten();
            Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
        })
    }

    /// The newest commit that both have in their history.
    ///
    /// # Errors
    /// [`RepoError::Shallow`] when the clone ends before it, [`RepoError::Unrelated`] when there is none.
    pub fn merge_base(&self, one: CommitId, two: CommitId) -> Result<CommitId, RepoError> {
        self.with(|git| match git.merge_base(one.0.oid(), two.0.oid()) {
            Ok(base) => Ok(CommitId(ObjectId::from_oid(base))),
            Err(error) if error.code() == git2::ErrorCode::NotFound && git.is_shallow() => {
                let wanted = format!("the common ancestor of `{}` and `{}`", one.short(), two.short());
                Err(RepoError::Shallow { wanted })
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => Err(RepoError::Unrelated { one, two }),
            Err(error) => Err(error::git("find a merge base")(error)),
        })
    }

    /// Whether `ancestor` is in the history of `descendant`; a commit is in its own.
    ///
    /// # Errors
    /// When a commit is missing. In a shallow clone, a "no" that deeper history could turn into a
    /// "yes" is [`RepoError::Shallow`].
    pub fn is_ancestor(&self, ancestor: CommitId, descendant: CommitId) -> Result<bool, RepoError> {
        if ancestor == descendant {
            return Ok(true);
        }
        self.with(|git| {
            let found = git.graph_descendant_of(descendant.0.oid(), ancestor.0.oid());
            let found = found.map_err(error::git(format!("walk the history of `{descendant}`")))?;
            if !found && git.is_shallow() {
                return Err(RepoError::Shallow { wanted: format!("it can be told whether it holds `{ancestor}`") });
            }
            Ok(found)
        })
    }

    /// Whether history was cut off when the repository was cloned.
    ///
    /// # Errors
    /// When the repository cannot be opened.
    pub fn is_shallow(&self) -> Result<bool, RepoError> {
        self.with(|git| Ok(git.is_shallow()))
    }

    /// Who committed what, and when.
    ///
    /// # Errors
    /// When the commit is missing.
    pub fn commit_info(&self, id: CommitId) -> Result<CommitInfo, RepoError> {
        self.with(|git| {
            let commit = git.find_commit(id.0.oid()).map_err(error::git(format!("read commit `{id}`")))?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let message = text(commit.message_bytes());
            Ok(CommitInfo {
                id,
                parents: commit.parent_ids().map(|parent| CommitId(ObjectId::from_oid(parent))).collect(),
                author_name: text(commit.author().name_bytes()),
                author_email: text(commit.author().email_bytes()),
                // A time that no calendar has is as good as none.
                time: Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::UNIX_EPOCH),
                subject: message.lines().next().unwrap_or_default().to_owned(),
                message,
            })
        })
    }

    /// The tags that name `commit`, sorted.
    ///
    /// # Errors
    /// When the tags cannot be read.
    pub fn tags_at(&self, commit: CommitId) -> Result<Vec<String>, RepoError> {
        self.with(|git| {
            let references = git.references_glob("refs/tags/*").map_err(error::git("read tags"))?;
            let mut tags = references
                .filter_map(Result::ok)
                .filter(|tag| tag.peel_to_commit().is_ok_and(|target| target.id() == commit.0.oid()))
                .filter_map(|tag| tag.shorthand().ok().map(str::to_owned))
                .collect::<Vec<_>>();
            tags.sort_unstable();
            Ok(tags)
        })
    }

    /// Where `remote` is, as configured.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn remote_url(&self, remote: &str) -> Result<Option<String>, RepoError> {
        self.with(|git| match git.find_remote(remote) {
            Ok(remote) => Ok(Some(String::from_utf8_lossy(remote.url_bytes()).into_owned())),
            Err(error) if matches!(error.code(), git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec) => Ok(None),
            Err(error) => Err(error::git(format!("read remote `{remote}`"))(error)),
        })
    }

    /// What differs between the work tree and the last commit, sorted by path, without ignored files.
    ///
    /// # Errors
    /// When the work tree cannot be read.
    pub fn dirty(&self) -> Result<Vec<DirtyFile>, RepoError> {
        self.with(worktree::dirty)
    }

    /// The files of `commit`.
    ///
    /// # Errors
    /// When the commit or one of its trees is missing.
    pub fn commit_snapshot(&self, commit: CommitId) -> Result<Snapshot, RepoError> {
        let tree = self.with(|git| {
            let found = git.find_commit(commit.0.oid()).map_err(error::git(format!("read commit `{commit}`")))?;
            self.read_tree(git, ObjectId::from_oid(found.tree_id()))
        })?;
        Ok(Snapshot::of_commit(self.clone(), commit, tree))
    }

    /// The tree `id` with all that is below it.
    pub(super) fn read_tree(&self, git: &git2::Repository, id: ObjectId) -> Result<Arc<tree::Tree>, RepoError> {
        tree::read(git, id, &mut lock(&self.shared.trees))
    }

    /// The files of the work tree: tracked and untracked, without ignored ones.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn worktree_snapshot(&self) -> Result<Snapshot, RepoError> {
        let (tree, on_disk) = self.with(|git| worktree::read(git, self.root()))?;
        Ok(Snapshot::of_worktree(self.clone(), tree, on_disk))
    }
}

/// A panic elsewhere does not make handles or read-only trees wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Branches, remote branches and tags as a user writes them.
fn reference_names(git: &git2::Repository) -> Vec<String> {
    let Ok(references) = git.references() else { return Vec::new() };
    references.filter_map(Result::ok).filter_map(|reference| reference.shorthand().ok().map(str::to_owned)).collect()
}
