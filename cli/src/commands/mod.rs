//! One file per verb: parse, call, report. No logic of its own.

pub mod add;
pub mod apply;
pub mod audit;
pub mod bootstrap;
pub mod bundle;
mod change;
pub mod ci;
mod compare;
pub mod completions;
mod components;
mod context;
mod delivery;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod init;
mod interrupt;
pub mod list;
pub mod man;
pub mod outputs;
pub mod plan;
pub mod policy;
pub mod promote;
pub mod remove;
mod rendered;
pub mod resume;
pub mod sandbox;
mod setup;
pub mod status;
pub mod sync;
mod teller;
pub mod tour;
pub mod unlock;
pub mod validate;
pub mod why;

use crate::{args::Command, error::CliError, exit::ExitCode};

pub use context::Context;

/// Runs `command`.
///
/// # Errors
/// Whatever the command meets, with kind and hints.
pub fn run(context: &mut Context<'_>, command: &Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Add(args) => add::run(context, args),
        Command::Remove(args) => remove::run(context, args),
        Command::Apply(args) => apply::run(context, args),
        Command::Audit(args) => audit::run(context, args),
        Command::Resume(args) => resume::run(context, args),
        Command::Unlock(args) => unlock::run(context, args),
        Command::Plan(args) => plan::run(context, args),
        Command::Policy(args) => policy::run(context, args),
        Command::Promote(args) => promote::run(context, args),
        Command::Try(args) => tour::run(context, args),
        Command::Ci(args) => ci::run(context, args),
        Command::Doctor(args) => doctor::run(context, args),
        Command::Bundle(args) => bundle::run(context, args),
        Command::Bootstrap(args) => bootstrap::run(context, args),
        Command::Init(args) => init::run(context, args),
        Command::Diff(args) => diff::run(context, args),
        Command::Explain(args) => explain::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Why(args) => why::run(context, args),
        Command::Completions(args) => completions::run(context, args),
        Command::Sync(args) => sync::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::Outputs(args) => outputs::run(context, args),
        Command::Man(args) => man::run(context, args),
        Command::Validate(args) => validate::run(context, args),
        Command::Sandbox(args) => sandbox::run(context, args),
    }
}
