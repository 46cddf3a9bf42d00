//! `kstack add`.

mod app;
mod service;

use super::Context;
use crate::{error::CliError, exit::ExitCode};

/// Add a service or an app to clusters
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    #[command(subcommand)]
    command: AddCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AddCommand {
    Service(Box<service::AddServiceArgs>),
    App(app::AddAppArgs),
}

/// Adds.
///
/// # Errors
/// When the platform cannot be read, there is no such thing, or a file cannot be written.
pub fn run(context: &mut Context<'_>, args: &AddArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        AddCommand::Service(args) => service::run(context, args),
        AddCommand::App(args) => app::run(context, args),
    }
}
