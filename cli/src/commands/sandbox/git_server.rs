//! `kstack sandbox git-server`: the process that `up` starts.

use std::{net::SocketAddr, path::PathBuf};

use crate::{commands::Context, error::CliError, exit::ExitCode, sandbox::serve_git};

/// Options of `kstack sandbox git-server`.
#[derive(Debug, clap::Args)]
pub struct GitServerArgs {
    /// The sandbox's folder
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

/// Serves until it is ended.
///
/// # Errors
/// When the token cannot be read or the address is taken.
pub fn run(context: &mut Context<'_>, args: &GitServerArgs) -> Result<ExitCode, CliError> {
    context.block_on(serve_git(&args.folder, args.listen))?;
    Ok(ExitCode::Done)
}
