//! The folder of a new platform: where it may be, and the repository that it becomes.

use std::path::{Path, PathBuf};

use super::InitArgs;
use crate::{
    error::CliError,
    platform::layout,
    repo::Repository,
    scaffold::{ChangeSet, Existing},
};

/// `path` without `..` and symbolic links, as far as it exists.
pub(super) fn settled(path: PathBuf) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Some(parent), Some(name)) => settled(parent.to_owned()).join(name),
        (Err(_), ..) => path,
    }
}

/// Refuses a folder that no platform can be made in. A platform is a repository, so it must be in
/// none, or be the root of one, unless that is asked for; gives whether `root` is such a root.
pub(super) fn check(root: &Path, args: &InitArgs) -> Result<bool, CliError> {
    if root.exists() && !root.is_dir() {
        return Err(CliError::user(format!("`{}` is not a folder", root.display())).hint("choose another one"));
    }
    let is_platform = |folder: &&Path| folder.join(layout::PLATFORM_FILE).exists();
    if let Some(platform) = root.ancestors().skip(usize::from(args.overwrite)).find(is_platform) {
        let error = CliError::user(format!("`{}` is a platform already", platform.display()));
        return Err(match platform == root {
            true => error.hint("choose another folder, or give `--overwrite` to write it anew"),
            false => error.hint("choose a folder outside of it"),
        });
    }
    let Some(repository) = root.ancestors().find(|folder| folder.join(".git").exists()) else { return Ok(false) };
    if repository != root && !args.no_git && !args.allow_nested {
        return Err(CliError::user(format!("`{}` lies inside a Git repository", root.display())).hint(format!(
            "a platform is a repository of its own: choose a folder outside of `{}`, or give `--allow-nested`",
            repository.display()
        )));
    }
    Ok(repository == root)
}

/// What may be in the folder.
pub(super) fn existing(args: &InitArgs) -> Existing {
    match (args.overwrite, args.allow_non_empty) {
        (true, _) => Existing::Replaced,
        (false, true) => Existing::Beside,
        (false, false) => Existing::Nothing,
    }
}

/// Writes the files, and makes them a repository whose first commit will be on `branch`.
pub(super) fn write(changes: &ChangeSet, root: &Path, args: &InitArgs, branch: Option<&str>) -> Result<(), CliError> {
    let staged = changes.stage(root, existing(args))?;
    match branch {
        // Files and repository appear at once.
        Some(branch) if staged.is_whole() => {
            Repository::init(staged.folder(), branch)?;
            staged.commit()?;
        }
        Some(branch) => {
            staged.commit()?;
            Repository::init(root, branch)
                .map_err(|error| CliError::from(error).hint("the files are written; run `git init` there yourself"))?;
        }
        None => staged.commit()?,
    }
    Ok(())
}
