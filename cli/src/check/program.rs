//! Programs on the `PATH`, run by their arguments and never through a shell.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::CheckError;

/// Where `name` is on the `PATH`; a name with `/` is a path itself.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let runnable =
        |path: &Path| path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| runnable(path));
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| runnable(path))
}

/// The Terraform or OpenTofu to use: `$KSTACK_TERRAFORM`, then `terraform`, then `tofu`.
pub(super) fn find_terraform() -> Option<PathBuf> {
    match env::var("KSTACK_TERRAFORM") {
        Ok(name) if !name.is_empty() => find(&name),
        _ => find("terraform").or_else(|| find("tofu")),
    }
}

/// Runs `program` in `folder` to its end, without input.
pub(super) fn run(
    program: &Path,
    folder: &Path,
    arguments: &[impl AsRef<OsStr>],
    variables: &[(&str, &OsStr)],
) -> Result<Output, CheckError> {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .map_err(|source| CheckError::Run { program: program.to_owned(), source })
}
