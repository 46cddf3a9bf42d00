//! Programs, run by their arguments and never through a shell.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
};

use super::CheckError;

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
