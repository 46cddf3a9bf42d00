//! The folder of a new platform: where it may be, and the repository that it becomes.

use std::path::{Path, PathBuf};

use crate::{
    error::{CliError, ErrorKind},
    platform::layout,
};

/// `path` without `..` and symbolic links, as far as it exists.
pub(super) fn settled(path: PathBuf) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Some(parent), Some(name)) => settled(parent.to_owned()).join(name),
        (Err(_), ..) => path,
    }
}

/// Refuses a folder that is part of a platform already. With `git`, it must be in no repository,
/// or be the root of one, since a platform is a repository; gives that one.
pub(super) fn refuse_platform(root: &Path, git: bool) -> Result<Option<PathBuf>, CliError> {
    if root.exists() && !root.is_dir() {
        return Err(CliError::user(format!("`{}` is not a folder", root.display())).hint("choose another one"));
    }
    if let Some(platform) = root.ancestors().find(|folder| folder.join(layout::PLATFORM_FILE).exists()) {
        return Err(CliError::user(format!("`{}` is a platform already", platform.display()))
            .hint("choose a folder outside of it"));
    }
    let Some(repository) = root.ancestors().find(|folder| folder.join(".git").exists()) else { return Ok(None) };
    if git && repository != root {
        return Err(CliError::user(format!("`{}` lies inside a Git repository", root.display())).hint(format!(
            "a platform is a repository of its own: choose a folder outside of `{}`, or that folder itself",
            repository.display()
        )));
    }
    Ok(Some(repository.to_owned()))
}

/// Makes an empty Git repository, whose first commit will be on `branch`.
pub(super) fn create_repository(root: &Path, branch: &str) -> Result<(), CliError> {
    let mut options = git2::RepositoryInitOptions::new();
    options.no_reinit(true).initial_head(branch);
    git2::Repository::init_opts(root, &options).map(drop).map_err(|error| {
        let message = format!("cannot make a Git repository in `{}`: {}", root.display(), error.message());
        CliError::new(ErrorKind::External, message).hint("the files are written; run `git init` there yourself")
    })
}
