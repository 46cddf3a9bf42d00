//! What can go wrong with a repository.

use std::{io, path::PathBuf};

use super::CommitId;

/// A repository, revision, path or remote that is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// No folder above has a `.git`.
    #[error("`{}` is not inside a Git repository", path.display())]
    NotARepository {
        /// Where the search began.
        path: PathBuf,
    },
    /// A repository that has no work tree.
    #[error("`{}` is a bare Git repository", path.display())]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// A Git repository that kstack does not manage.
    #[error("`{}` is not a kstack repository: it has no `kstack.hcl` at its root", root.display())]
    NotAPlatform {
        /// The root of the repository.
        root: PathBuf,
    },
    /// libgit2 refuses repositories of other users, as Git does.
    #[error("`{}` belongs to another user", path.display())]
    Owner {
        /// The repository.
        path: PathBuf,
    },
    /// SHA-256 repositories: libgit2 reads them only as an experiment.
    #[error("`{}` uses SHA-256 object names, which are not supported", path.display())]
    ObjectFormat {
        /// The repository.
        path: PathBuf,
    },
    /// There is no commit yet.
    #[error("the repository has no commit yet")]
    Unborn,
    /// A revision that names nothing.
    #[error("unknown revision `{revision}`")]
    UnknownRevision {
        /// As the user wrote it.
        revision: String,
        /// The branch or tag that is most like it.
        near: Option<String>,
    },
    /// History that a shallow clone does not have.
    #[error("the history of this shallow clone ends before {wanted}")]
    Shallow {
        /// What was looked for.
        wanted: String,
    },
    /// Two commits without a common ancestor.
    #[error("commits `{}` and `{}` have no common history", one.short(), two.short())]
    Unrelated {
        /// One of them.
        one: CommitId,
        /// The other.
        two: CommitId,
    },
    /// libgit2 failed.
    #[error("cannot {action}")]
    Git {
        /// What was tried, such as ``read blob `…` ``.
        action: String,
        /// Why it failed.
        source: git2::Error,
    },
    /// A file of the work tree or of an export cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A path, or a symlink on it, that leads out of the repository.
    #[error("`{path}` leads out of the repository")]
    Escapes {
        /// The path as it was asked for.
        path: String,
    },
    /// Symlinks that lead to each other.
    #[error("`{path}` passes through too many symlinks")]
    LinkLoop {
        /// The path as it was asked for.
        path: String,
    },
    /// A name in a tree that no checkout may create.
    #[error("the repository holds the name `{path}`, which cannot be written safely")]
    UnsafeName {
        /// The path of the entry.
        path: String,
    },
    /// The folder to export to has something in it.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The remote has no branch or tag of this name.
    #[error("remote `{remote}` has no `{name}`")]
    NoRemoteRef {
        /// The remote's name or URL, without credentials.
        remote: String,
        /// The full name, such as `refs/heads/main`.
        name: String,
    },
    /// The git program cannot be started.
    #[error("cannot run the `git` program")]
    NoProgram {
        /// Why.
        source: io::Error,
    },
    /// The git program failed in a way that has no variant of its own.
    #[error("`git {command}` failed: {detail}")]
    Program {
        /// Its subcommand.
        command: String,
        /// What it wrote to standard error, in one line.
        detail: String,
    },
    /// The remote does not accept who we are.
    #[error("remote `{remote}` refuses access: {detail}")]
    Authentication {
        /// The remote's name or URL, without credentials.
        remote: String,
        /// Git's words.
        detail: String,
    },
    /// The remote does not answer.
    #[error("cannot reach remote `{remote}`: {detail}")]
    Unreachable {
        /// The remote's name or URL, without credentials.
        remote: String,
        /// Git's words.
        detail: String,
    },
    /// The remote has commits that we do not, or protects the branch.
    #[error("remote `{remote}` rejected `{refspec}`: {detail}")]
    Rejected {
        /// The remote's name or URL, without credentials.
        remote: String,
        /// What was pushed.
        refspec: String,
        /// Git's words.
        detail: String,
    },
    /// The work tree equals the last commit.
    #[error("nothing to commit")]
    NothingToCommit,
    /// Two branches changed the same lines. The merge was undone.
    #[error("merging `{branch}` conflicts in {}", files.join(", "))]
    Conflict {
        /// The branch.
        branch: String,
        /// The files, in backticks.
        files: Vec<String>,
    },
}

/// Names the action of a failed libgit2 call.
pub(super) fn git(action: impl Into<String>) -> impl FnOnce(git2::Error) -> RepoError {
    move |source| RepoError::Git { action: action.into(), source }
}

/// Names the file of a failed system call.
pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> RepoError {
    move |source| RepoError::Io { action, path: path.into(), source }
}
