//! `kstack sync`.

use super::{Context, delivery};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{ClusterSelection, HandoffRequest, Site},
    platform::{EnvironmentName, StackName},
    repo::Repository,
    sync::Mode,
};

/// Hand a cluster over to its engine and wait for a commit
///
/// Exit codes: 0 the clusters hold the commit · 1 something failed · 2 a cluster does not hold it yet: the time
/// was over, or something is suspended.
#[derive(Debug, clap::Args)]
pub struct SyncArgs {
    /// Stack of the cluster; all clusters of the environment when absent
    stacks: Vec<StackName>,
    /// The environment [default: the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// Deliver this commit
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    commit: String,
    /// Wait until the engine has delivered the commit
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    wait: bool,
    /// Show what would be applied and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    delivery: delivery::DeliveryArgs,
}

/// Hands clusters over and waits.
///
/// # Errors
/// When a registry is not complete, a cluster cannot be reached or refuses, or the engine cannot deliver.
pub fn run(context: &mut Context<'_>, args: &SyncArgs) -> Result<ExitCode, CliError> {
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let commit = site.repository().resolve(&args.commit)?;
    let platform = delivery::platform(&site, commit)?;
    let clusters = ClusterSelection {
        commit,
        environment: delivery::environment(&platform, args.environment.as_ref())?,
        stacks: args.stacks.clone(),
        access: args.delivery.access(context),
    };
    let request = HandoffRequest {
        clusters,
        credential: args.delivery.credential(context, &platform.repository)?,
        wait: args.wait.then_some(args.delivery.timeout),
        mode: if args.dry_run { Mode::DryRun } else { Mode::Apply },
    };
    delivery::hand_over(context, &site, &request)
}
