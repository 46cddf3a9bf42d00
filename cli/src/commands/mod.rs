//! One file per verb: parse, call, report. No logic of its own.

pub mod completions;
mod context;
pub mod man;
mod registry;
pub mod sandbox;
pub mod status;
pub mod sync;

use crate::{args::Command, error::CliError, exit::ExitCode};

pub use context::Context;

/// Runs `command`.
///
/// # Errors
/// Whatever the command meets, with kind and hints.
pub fn run(context: &mut Context<'_>, command: &Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Completions(args) => completions::run(context, args),
        Command::Sync(args) => sync::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::Man(args) => man::run(context, args),
        Command::Sandbox(args) => sandbox::run(context, args),
    }
}
