//! `kstack status`.

use serde_json::json;

use super::{Context, registry::ClusterArgs};
use crate::{
    error::CliError,
    exit::ExitCode,
    sync::{self, RegistryStatus, State},
    ui::Table,
};

/// Options of `kstack status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Exit with 2 when the cluster does not hold the commit
    #[arg(long)]
    exit_code: bool,
}

/// Looks at the cluster once and prints what it says.
///
/// # Errors
/// When it is not clear which cluster is meant, or it cannot be asked.
pub fn run(context: &mut Context<'_>, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let registry = args.cluster.registry(&context.directory)?;
    let (revision, access) = (registry.revision(), args.cluster.access()?);
    let status = context.block_on(async {
        let cluster = sync::connect(&access).await?;
        sync::status(&cluster, registry.files.root(), &revision).await
    })?;
    if context.ui.is_json() {
        context.ui.json(&json!({"type": "status", "version": 1, "ready": status.is_ready(), "status": status}))?;
    } else {
        context.ui.data(&table(context, &status));
    }
    Ok(if args.exit_code && !status.is_ready() { ExitCode::Different } else { ExitCode::Done })
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
