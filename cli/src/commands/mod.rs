//! One file per verb: parse, call, report. No logic of its own.

mod compare;
pub mod completions;
mod context;
pub mod diff;
pub mod list;
pub mod man;
pub mod why;

use crate::{args::Command, error::CliError, exit::ExitCode};

pub use context::Context;

/// Runs `command`.
///
/// # Errors
/// Whatever the command meets, with kind and hints.
pub fn run(context: &mut Context<'_>, command: &Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Diff(args) => diff::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Why(args) => why::run(context, args),
        Command::Completions(args) => completions::run(context, args),
        Command::Man(args) => man::run(context, args),
    }
}
