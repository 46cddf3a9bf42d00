//! `kstack try`.

mod ground;
mod story;

use std::path::PathBuf;

use super::{Context, components::ComponentArgs};
use crate::{error::CliError, exit::ExitCode, repo::git_version, terraform::Binary};

use ground::Ground;

/// Run the whole chain on this machine: scaffold, plan, apply, hand off, change, sync
///
/// Makes a platform with one local cluster and takes it through everything kstack does, with the commands that
/// you would type. Everything stays on this machine: the folder DIR, a bare Git repository beside it as the
/// remote, and a Kubernetes control plane with Flux as ordinary processes (or kind, where Docker answers).
#[derive(Debug, clap::Args)]
pub struct TryArgs {
    /// Folder of the platform; must not exist yet
    #[arg(value_name = "DIR", default_value = "kstack-try")]
    folder: PathBuf,
    /// Leave the platform and its cluster in place at the end [default]
    #[arg(long)]
    keep: bool,
    /// Take everything down again at the end
    #[arg(long, conflicts_with = "keep")]
    clean: bool,
    #[command(flatten)]
    components: ComponentArgs,
}

/// Tells the story.
///
/// # Errors
/// When a step fails; what was made until then stays for a look, and the hints say how to remove it.
pub fn run(context: &mut Context<'_>, args: &TryArgs) -> Result<ExitCode, CliError> {
    let ground = Ground::choose(context, &args.folder)?;
    // Before the minutes that components may take, and before anything is made.
    git_version()?;
    context.block_on(Binary::find(None, &context.cache()?))?;
    let components = args.components.settings(context)?;
    match story::tell(context, &ground, &components) {
        Ok(ExitCode::Done) if args.clean => {
            ground.clear(context)?;
            context.ui.status("\neverything that was made is removed again");
            Ok(ExitCode::Done)
        }
        Ok(ExitCode::Done) => {
            story::what_next(context, &ground);
            Ok(ExitCode::Done)
        }
        Ok(code) => {
            ground.removal().iter().for_each(|line| context.ui.hint(&format!("to remove what was made: `{line}`")));
            Ok(code)
        }
        Err(error) => Err(ground
            .removal()
            .iter()
            .fold(error, |error, line| error.hint(format!("to remove what was made: `{line}`")))),
    }
}
