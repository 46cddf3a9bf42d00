//! kstack, a full-stack GitOps framework: Terraform clusters and cluster services from one
//! reviewed repository. `ARCHITECTURE.md` draws the rooms and the arrows between them.
//!
//! The library exists for the `kstack` program and its tests; its Rust API is not stable.

mod args;
mod commands;
mod error;
mod exit;
mod ui;

pub mod check;
pub mod closure;
pub mod forge;
pub mod hcl;
pub mod pipeline;
pub mod platform;
pub mod policy;
pub mod program;
pub mod render;
pub mod repo;
pub mod review;
pub mod sandbox;
pub mod scaffold;
pub mod store;
pub mod sync;
pub mod terraform;

use std::{ffi::OsString, process};

use clap::Parser as _;

pub use error::{CliError, ErrorKind};
pub use exit::ExitCode;

/// Runs the program with `arguments` (the first is the program's own name) and returns the
/// process exit code. The only place where an error becomes text and a code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> process::ExitCode {
    let args = match args::Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return ui::clap_message(&error).into(),
    };
    let mut ui = ui::Ui::new(&args.global);
    let outcome = commands::Context::new(&args.global, &mut ui)
        .and_then(|mut context| commands::run(&mut context, &args.command));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            ui.error(&error);
            error.exit_code()
        }
    }
    .into()
}

/// The command-line interface as clap sees it, for completions, man pages and tests.
pub fn command() -> clap::Command {
    <args::Args as clap::CommandFactory>::command()
}
