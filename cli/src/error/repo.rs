//! Errors of `repo/` for the user.

use super::{CliError, ErrorKind};
use crate::repo::RepoError;

impl From<RepoError> for CliError {
    fn from(error: RepoError) -> Self {
        let kind = match &error {
            RepoError::Git { .. }
            | RepoError::NoProgram { .. }
            | RepoError::Program { .. }
            | RepoError::Authentication { .. }
            | RepoError::Unreachable { .. }
            | RepoError::Rejected { .. }
            | RepoError::Io { .. } => ErrorKind::External,
            _ => ErrorKind::User,
        };
        let hint = match &error {
            RepoError::NotARepository { .. } => {
                Some("run it inside your platform's repository, or name it with `-C DIR`".to_owned())
            }
            RepoError::Bare { .. } => Some("clone it, and work in the clone".to_owned()),
            RepoError::NotAPlatform { .. } => Some("`kstack init` makes one".to_owned()),
            RepoError::Owner { path } => {
                Some(format!("if you trust it, run `git config --global --add safe.directory {}`", path.display()))
            }
            RepoError::ObjectFormat { .. } => {
                Some("make the repository with `git init --object-format=sha1`".to_owned())
            }
            RepoError::Unborn => Some("commit what there is: `git add --all && git commit`".to_owned()),
            RepoError::UnknownRevision { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            RepoError::UnknownRevision { near: None, .. } => {
                Some("fetch it, or check the name with `git branch --all` and `git tag`".to_owned())
            }
            RepoError::Shallow { .. } => {
                Some("deepen it with `git fetch --unshallow`; for actions/checkout, set `fetch-depth: 0`".to_owned())
            }
            RepoError::NotEmpty { .. } => Some("choose a new folder".to_owned()),
            RepoError::NoProgram { .. } => Some("install Git, or add it to `PATH`".to_owned()),
            RepoError::Authentication { .. } => Some(
                "check the credential helper or SSH key that `git push` uses; kstack never asks for a password"
                    .to_owned(),
            ),
            RepoError::Unreachable { remote, .. } => {
                Some(format!("check the network, and the address with `git remote get-url {remote}`"))
            }
            RepoError::Rejected { .. } => {
                Some("fetch and merge the remote's commits first, or check the branch protection".to_owned())
            }
            RepoError::Conflict { .. } => Some("merge by hand and resolve the conflicts".to_owned()),
            _ => None,
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
