//! `kstack completions`.

use clap_complete::Shell;

use super::Context;
use crate::{error::CliError, exit::ExitCode};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// None.
pub fn run(context: &mut Context<'_>, args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "kstack", &mut script);
    context.ui.data(&String::from_utf8_lossy(&script));
    Ok(ExitCode::Done)
}
