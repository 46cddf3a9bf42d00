//! `kstack list`.

mod services;

use serde_json::json;

use super::{
    Context,
    compare::{Comparison, WorktreeArg},
};
use crate::{
    check::{self, Files},
    closure::{Affected, Inventory, Memo, affected, buried_stacks, is_cluster},
    error::CliError,
    exit::ExitCode,
    platform::configuration::Cluster,
    repo::Repository,
    ui::{
        Table,
        inventory::{self, Listed},
    },
};

/// List clusters and other stacks, or those that a change affects
///
/// Without `--changed`, lists the clusters of the work tree with their regions, environments and node pools, and the
/// other stacks. With it, lists the instances (a stack in an
/// environment) whose files differ, and one of the files each.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ListArgs {
    #[command(subcommand)]
    command: Option<ListCommand>,
    /// List only what changed: since the default branch, or in this range
    ///
    /// `BASE..HEAD` compares two revisions, `BASE...HEAD` begins at their merge base, and `BASE` alone
    /// compares with `HEAD`.
    #[arg(long, value_name = "BASE..HEAD", num_args = 0..=1)]
    changed: Option<Option<String>>,
    #[command(flatten)]
    worktree: WorktreeArg,
}

#[derive(Debug, clap::Subcommand)]
enum ListCommand {
    Services(services::ListServicesArgs),
}

/// Lists.
///
/// # Errors
/// When the repository, a revision or the platform cannot be read.
pub fn run(context: &mut Context<'_>, args: &ListArgs) -> Result<ExitCode, CliError> {
    if let Some(ListCommand::Services(args)) = &args.command {
        return services::run(context, args);
    }
    match &args.changed {
        Some(range) => changed(context, range.as_deref(), args.worktree.worktree),
        None => all(context),
    }
}

fn all(context: &Context<'_>) -> Result<ExitCode, CliError> {
    let repository = Repository::open(&context.directory)?;
    let snapshot = repository.worktree_snapshot()?;
    let (found, memo) = (Inventory::load(&snapshot)?, Memo::default());
    for buried in buried_stacks(&snapshot)? {
        context.ui.warn(&buried.to_string());
    }
    let documents = check::documents(&Files::read(context.platform_root())?);
    let mut stacks = Vec::new();
    for stack in &found.stacks {
        let instances = stack.instances(&found.platform.environments);
        let has = |name: &&str| {
            instances.iter().any(|instance| instance.environment.as_ref().is_some_and(|own| own.as_str() == *name))
        };
        let environments = found.platform.environments.iter().map(|environment| environment.name.as_str());
        let environments: Vec<&str> = environments.filter(has).collect();
        let is_cluster = is_cluster(&snapshot, &stack.name, &memo)?;
        let cluster = is_cluster.then(|| Cluster::read(&documents, stack, &environments)).flatten();
        stacks.push(Listed { stack, environments, is_cluster, cluster });
    }
    if context.ui.is_json() {
        for listed in &stacks {
            context.ui.json(&inventory::document(listed))?;
        }
    } else if stacks.is_empty() {
        context.ui.status("there are no stacks below `infra/` yet");
    } else {
        context.ui.data(&inventory::tables(*context.ui.styles(), &stacks));
    }
    Ok(ExitCode::Done)
}

fn changed(context: &Context<'_>, range: Option<&str>, worktree: bool) -> Result<ExitCode, CliError> {
    let comparison = Comparison::open(context, range, worktree)?;
    let changes = affected(comparison.base.as_ref(), &comparison.head, &Memo::default())?;
    for notice in &changes.notices {
        context.ui.warn(&notice.to_string());
    }
    if context.ui.is_json() {
        for Affected { instance, kind, closure, reasons, .. } in &changes.affected {
            context.ui.json(&json!({
                "type": "affected", "version": 1, "stack": instance.stack, "environment": instance.environment,
                "change": kind, "closure": closure.as_ref().map(|closure| closure.hash), "reasons": reasons,
            }))?;
        }
        return Ok(ExitCode::Done);
    }
    let styles = *context.ui.styles();
    let mut table = Table::new(styles, &["STACK", "ENVIRONMENT", "CHANGE", "BECAUSE OF"]);
    for Affected { instance, kind, reasons, .. } in &changes.affected {
        let environment = instance.environment.as_ref().map_or("shared", |name| name.as_str()).to_owned();
        let because = match reasons.as_slice() {
            [] => String::new(),
            [only] => only.path.clone(),
            [first, rest @ ..] => format!("{} {}", first.path, styles.dim(format!("and {} more", rest.len()))),
        };
        table.row([instance.stack.to_string(), environment, kind.to_string(), because]);
    }
    if changes.affected.is_empty() {
        context.ui.status(&format!("nothing that stacks depend on changed {}", comparison.text));
    } else {
        context.ui.data(&table.render());
        let count = changes.affected.len();
        let s = if count == 1 { "" } else { "s" };
        context.ui.status(&format!("{count} instance{s} affected {}", comparison.text));
    }
    Ok(ExitCode::Done)
}
