//! `kstack ci report`.

use std::path::PathBuf;

use crate::{
    commands::{Context, interrupt},
    error::CliError,
    exit::ExitCode,
    pipeline::Site,
};

use super::{
    comment::CommentArg,
    event::{EventArgs, pull_request},
    posting::PostArgs,
    pull_request::{Request, reviewed},
    trust::SaidArgs,
};

/// Join what the shards of a pull request planned into the one comment
///
/// Needs no credentials of a cloud: plans are read from the results, and the clusters' objects rendered from the commits. The
/// comment is the one that a single run would have written, and so is the exit code. Fails when a result is missing,
/// damaged, there twice, or not of this change, this version of kstack or this number of shards.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Folder with the results; they may lie in folders of it, one for each job
    #[arg(long, value_name = "DIR")]
    results: PathBuf,
    #[command(flatten)]
    comment: CommentArg,
    #[command(flatten)]
    post: PostArgs,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    facts: SaidArgs,
}

/// Joins the results, and posts and writes the comment.
///
/// # Errors
/// When the results are not those of all shards of this change.
pub(super) fn run(context: &mut Context<'_>, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let event = args.event.read()?;
    let interrupt = interrupt::listen(context)?;
    let (said, facts) = (&args.event, &args.facts);
    let request = Request { event: pull_request(&event)?, said, facts, post: &args.post, comment: &args.comment };
    reviewed(context, &request, &interrupt, |context, change, _| {
        let site = Site::new(change.repository.clone(), &context.cache()?);
        let parts = context.block_on(site.parts(change.range()))?;
        let planned = parts.join(&context.directory.join(&args.results))?;
        Ok(Some((planned, parts.notices)))
    })
}
