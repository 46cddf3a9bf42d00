//! `kstack remove`.

use super::{
    Context,
    change::{self, PreviewArg, SelectionArgs},
};
use crate::{
    error::CliError,
    exit::ExitCode,
    platform::layout,
    repo::Repository,
    scaffold::{Kind, remove},
};

/// Take a service or an app away from clusters
#[derive(Debug, clap::Args)]
pub struct RemoveArgs {
    #[command(subcommand)]
    command: RemoveCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RemoveCommand {
    /// Take a service away from clusters; its folder goes with the last one
    Service(WhichArgs),
    /// Take an app away from clusters; its folder goes with the last one
    App(WhichArgs),
}

#[derive(Debug, clap::Args)]
struct WhichArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Remove its folder also where files of it are not committed, and so cannot be brought back
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    preview: PreviewArg,
}

/// Takes away.
///
/// # Errors
/// When no cluster has it, something else needs it, files of it are not committed, or a file cannot be written.
pub fn run(context: &mut Context<'_>, args: &RemoveArgs) -> Result<ExitCode, CliError> {
    let (kind, parent, args) = match &args.command {
        RemoveCommand::Service(args) => (Kind::Service, layout::SERVICES, args),
        RemoveCommand::App(args) => (Kind::App, layout::APPS, args),
    };
    let mut workspace = change::open(context)?;
    let removed = remove(&mut workspace, kind, &args.name, &args.selection.selection())?;
    if removed.is_gone && !args.force {
        refuse_uncommitted(context, &format!("{parent}/{}", args.name))?;
    }
    change::finish(context, &workspace, &args.preview)?;
    let places = match removed.registries.is_empty() {
        true => "the platform; no cluster had it".to_owned(),
        false => change::places(&removed.registries),
    };
    change::told(context, &args.preview, "removed", "would remove", &format!("`{}` from {places}", args.name));
    if !removed.registries.is_empty() {
        context.ui.status("the engine deletes its objects when it syncs this; `kstack diff` shows which");
    }
    Ok(ExitCode::Done)
}

/// Refuses to remove files that history does not have.
fn refuse_uncommitted(context: &Context<'_>, folder: &str) -> Result<(), CliError> {
    // A platform outside of a repository has no history at all: that is its owner's choice.
    let Ok(repository) = Repository::open(&context.directory) else { return Ok(()) };
    let dirty = repository.dirty()?;
    match dirty.iter().find(|file| file.path.starts_with(&format!("{folder}/"))) {
        None => Ok(()),
        Some(file) => Err(CliError::user(format!("`{}` is not committed", file.path))
            .hint("commit it first, so that it can be brought back, or give `--force`")),
    }
}
