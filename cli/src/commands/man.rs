//! `kstack man`.

use std::path::PathBuf;

use super::Context;
use crate::{
    error::{CliError, ErrorKind},
    exit::ExitCode,
};

/// Write the manual pages
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Folder to write the pages to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes one page per command.
///
/// # Errors
/// When the folder cannot be written.
pub fn run(context: &mut Context<'_>, args: &ManArgs) -> Result<ExitCode, CliError> {
    let folder = context.directory.join(&args.folder);
    std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(crate::command(), &folder)).map_err(
        |error| {
            CliError::new(ErrorKind::External, error).hint(format!("check that `{}` can be written", folder.display()))
        },
    )?;
    context.ui.status(&format!("wrote the manual pages to `{}`", folder.display()));
    Ok(ExitCode::Done)
}
