//! `kstack ci`.

mod checks;
mod comment;
mod deliver;
mod desk;
mod event;
mod matrix;
mod outcome;
mod posting;
mod pull_request;
mod report;
mod schedule;
mod shard;
mod trust;

use std::path::PathBuf;

use super::{Context, delivery::DeliveryArgs};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{GitEvent, Shard},
};

use comment::CommentArg;
use event::EventArgs;
use posting::PostArgs;
use trust::SaidArgs;

/// Do what a pull request, push, tag or schedule asks for
///
/// The event comes from the variables of GitHub Actions, Gitea Actions or GitLab CI; for any other CI system, from
/// `--event` and the flags that belong to it. What it does is what the other commands do; nothing is guessed.
///
/// On a schedule it changes nothing: it plans again what each environment has had, and exits with 2 if that is not what
/// is there (drift); what waits for its delivery is only told.
///
/// The comment and the statuses go to the forge that `kstack.hcl` names, with the token in `KSTACK_FORGE_TOKEN`, or
/// else in `GITHUB_TOKEN`, `GITEA_TOKEN` or `GITLAB_TOKEN`. Where flags name the event, only `--post` does that, for
/// a pull request with its number: `--event pull-request --base main --pull-request 7 --post`.
///
/// A large pull request can be planned by several jobs: `kstack ci matrix` says how many, each calls
/// `kstack ci --shard I/N --results DIR`, and `kstack ci report --results DIR` makes the one comment.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CiArgs {
    #[command(subcommand)]
    command: Option<CiCommand>,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    said: SaidArgs,
    #[command(flatten)]
    post: PostArgs,
    #[command(flatten)]
    comment: CommentArg,
    /// Plan only this part of a pull request, such as `1/4`, and leave the comment to `kstack ci report`
    #[arg(long, value_name = "I/N", requires = "results", conflicts_with_all = ["comment", "report"])]
    shard: Option<Shard>,
    /// Folder that the result of the shard is written to
    #[arg(long, value_name = "DIR", requires = "shard")]
    results: Option<PathBuf>,
    #[command(flatten)]
    delivery: DeliveryArgs,
    /// Leave the clusters alone after an apply
    #[arg(long)]
    no_handoff: bool,
}

#[derive(Debug, clap::Subcommand)]
enum CiCommand {
    Matrix(matrix::MatrixArgs),
    Report(report::ReportArgs),
}

/// Does what the event asks for.
///
/// # Errors
/// When no event is known, or as the commands that it stands for.
pub fn run(context: &mut Context<'_>, args: &CiArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        Some(CiCommand::Matrix(args)) => return matrix::run(context, args),
        Some(CiCommand::Report(args)) => return report::run(context, args),
        None => {}
    }
    match (args.event.read()?, args.shard.zip(args.results.as_deref())) {
        (event, Some((shard, results))) => shard::run(context, args, &event, shard, results),
        (GitEvent::PullRequest(event), None) => pull_request::run(context, args, &event),
        (GitEvent::Push { branch, commit }, None) => deliver::branch(context, args, &branch, &commit),
        (GitEvent::Tag { tag, commit }, None) => deliver::tag(context, args, &tag, &commit),
        (GitEvent::Schedule { commit }, None) => schedule::run(context, &commit),
    }
}
