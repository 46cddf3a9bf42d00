//! `kstack status`.

use serde_json::json;

use super::{Context, delivery};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{ClusterSelection, Site},
    platform::{EnvironmentName, StackName},
    repo::Repository,
    sync::{RegistryStatus, State},
    ui::Table,
};

/// Show how far a cluster is in delivering a commit
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Stack of the cluster; all clusters of the environment when absent
    stacks: Vec<StackName>,
    /// The environment [default: the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// The commit that the clusters are to hold
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    commit: String,
    #[command(flatten)]
    access: delivery::AccessArgs,
    /// Exit with 2 when a cluster does not hold the commit
    #[arg(long)]
    exit_code: bool,
}

/// Looks at the clusters once and prints what they say.
///
/// # Errors
/// When a cluster cannot be asked.
pub fn run(context: &mut Context<'_>, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let commit = site.repository().resolve(&args.commit)?;
    let environment = delivery::environment(&delivery::platform(&site, commit)?, args.environment.as_ref())?;
    let selection =
        ClusterSelection { commit, environment, stacks: args.stacks.clone(), access: args.access.access(context) };
    let seen = context.block_on(site.status(&selection))?;
    for (instance, status) in &seen {
        if context.ui.is_json() {
            let ready = status.is_ready();
            context.ui.json(&json!({
                "type": "status", "version": 1, "instance": instance, "ready": ready, "status": status,
            }))?;
        } else {
            context.ui.data(&context.ui.styles().bold(instance));
            context.ui.data(&table(context, status));
        }
    }
    let ready = seen.iter().all(|(_, status)| status.is_ready());
    Ok(if args.exit_code && !ready { ExitCode::Different } else { ExitCode::Done })
}

fn table(context: &Context<'_>, status: &RegistryStatus) -> String {
    let styles = *context.ui.styles();
    let mut table = Table::new(styles, &["object", "state", "brought", "message"]);
    for object in &status.objects {
        let (state, message) = match &object.state {
            State::Ready => (styles.good("ready"), status.revision.clone()),
            State::Waiting { message, .. } => (styles.dim("waiting"), message.clone()),
            State::Failed { reason, message } => (styles.error("failed"), format!("{reason}: {message}")),
            State::Suspended => (styles.warning("suspended"), String::new()),
        };
        let brought = status.delivered.get(&object.object).map(|brought| brought.len().to_string());
        table.row([object.object.to_string(), state, brought.unwrap_or_default(), message]);
    }
    table.render()
}
