//! `kstack sandbox`.

use super::Context;
use crate::{error::CliError, exit::ExitCode, platform::SandboxName, sandbox::Sandbox};

pub mod down;
mod git_server;
pub mod list;
pub mod report;
pub mod status;
pub mod up;

/// Start and stop local control planes
#[derive(Debug, clap::Args)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SandboxCommand {
    /// Start a control plane on this machine, or mend one that does not run as it should
    Up(up::UpArgs),
    /// Stop a control plane and remove all that belongs to it
    Down(down::DownArgs),
    /// Show how a control plane and its processes are
    Status(status::StatusArgs),
    /// List the control planes of this machine
    List,
    /// Serve a sandbox's Git repositories; `up` starts this
    #[command(hide = true)]
    GitServer(git_server::GitServerArgs),
}

/// Which sandbox.
#[derive(Debug, clap::Args)]
struct NameArg {
    /// Name of the sandbox
    #[arg(value_name = "NAME", default_value = "default")]
    name: SandboxName,
}

impl NameArg {
    fn sandbox(&self, context: &Context<'_>) -> Result<Sandbox, CliError> {
        Ok(Sandbox::new(&context.home()?, self.name.clone()))
    }
}

/// Runs the subcommand.
///
/// # Errors
/// As the subcommand.
pub fn run(context: &mut Context<'_>, args: &SandboxArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        SandboxCommand::Up(args) => up::run(context, args),
        SandboxCommand::Down(args) => down::run(context, args),
        SandboxCommand::Status(args) => status::run(context, args),
        SandboxCommand::List => list::run(context),
        SandboxCommand::GitServer(args) => git_server::run(context, args),
    }
}
