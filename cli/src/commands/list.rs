//! `kstack list`.

use serde_json::json;

use super::{
    Context,
    compare::{Comparison, WorktreeArg},
};
use crate::{
    closure::{Affected, Inventory, Memo, affected, buried_stacks, is_cluster},
    error::CliError,
    exit::ExitCode,
    platform::Stack,
    repo::Repository,
    ui::Table,
};

/// List stacks and their instances, or those that a change affects
///
/// Without `--changed`, lists the stacks of the work tree. With it, lists the instances (a stack in an
/// environment) whose files differ, and one of the files each.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// List only what changed: since the default branch, or in this range
    ///
    /// `BASE..HEAD` compares two revisions, `BASE...HEAD` begins at their merge base, and `BASE` alone
    /// compares with `HEAD`.
    #[arg(long, value_name = "BASE..HEAD", num_args = 0..=1)]
    changed: Option<Option<String>>,
    #[command(flatten)]
    worktree: WorktreeArg,
}

/// Lists.
///
/// # Errors
/// When the repository, a revision or the platform cannot be read.
pub fn run(context: &mut Context<'_>, args: &ListArgs) -> Result<ExitCode, CliError> {
    match &args.changed {
        Some(range) => changed(context, range.as_deref(), args.worktree.worktree),
        None => all(context),
    }
}

fn all(context: &Context<'_>) -> Result<ExitCode, CliError> {
    let snapshot = Repository::open(&context.directory)?.worktree_snapshot()?;
    let (inventory, memo) = (Inventory::load(&snapshot)?, Memo::default());
    for buried in buried_stacks(&snapshot)? {
        context.ui.warn(&buried.to_string());
    }
    let mut table = Table::new(*context.ui.styles(), &["STACK", "ENVIRONMENTS", "KIND", "DESCRIPTION"]);
    for stack in &inventory.stacks {
        let kind = if is_cluster(&snapshot, &stack.name, &memo)? { "cluster" } else { "stack" };
        let environments = environments(stack, &inventory);
        if context.ui.is_json() {
            context.ui.json(&json!({
                "type": "stack", "version": 1, "stack": stack.name, "environments": environments,
                "shared": stack.settings.shared, "kind": kind, "description": stack.settings.description,
                "after": stack.settings.after.iter().map(|after| &after.value).collect::<Vec<_>>(),
            }))?;
            continue;
        }
        let environments = if stack.settings.shared { "shared".to_owned() } else { environments.join(", ") };
        let description = stack.settings.description.clone().unwrap_or_default();
        table.row([stack.name.to_string(), environments, kind.to_owned(), description]);
    }
    if inventory.stacks.is_empty() {
        context.ui.status("there are no stacks below `infra/` yet");
    } else if !context.ui.is_json() {
        context.ui.data(&table.render());
    }
    Ok(ExitCode::Done)
}

fn environments(stack: &Stack, inventory: &Inventory) -> Vec<String> {
    let instances = stack.instances(&inventory.platform.environments);
    instances.into_iter().filter_map(|instance| instance.environment).map(|name| name.to_string()).collect()
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
