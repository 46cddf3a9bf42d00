//! `kstack why`.

use std::fmt::Write as _;

use serde_json::json;

use super::{
    Context,
    compare::{Comparison, WorktreeArg},
};
use crate::{
    closure::{Affected, Memo, Reason, affected},
    error::CliError,
    exit::ExitCode,
    ui::Styles,
};

/// Show which files connect a change to a stack
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// The stack
    stack: String,
    /// What to look at: since the default branch, or this range
    #[arg(value_name = "BASE..HEAD")]
    range: Option<String>,
    /// Show only this environment's instance
    #[arg(short, long, value_name = "NAME")]
    environment: Option<String>,
    #[command(flatten)]
    worktree: WorktreeArg,
}

/// Prints each changed file with the chain that leads to it; environments with the same are together.
///
/// # Errors
/// An unknown stack; when the repository, a revision or the platform cannot be read.
pub fn run(context: &mut Context<'_>, args: &WhyArgs) -> Result<ExitCode, CliError> {
    let comparison = Comparison::open(context, args.range.as_deref(), args.worktree.worktree)?;
    let changes = affected(comparison.base.as_ref(), &comparison.head, &Memo::default())?;
    let wanted = |affected: &&Affected| {
        affected.instance.stack.as_str() == args.stack
            && args.environment.as_ref().is_none_or(|wanted| environment(affected) == wanted)
    };
    let found = changes.affected.iter().filter(wanted).collect::<Vec<_>>();
    if !changes.affected.iter().any(|affected| affected.instance.stack.as_str() == args.stack) {
        // A stack that is gone is in the changes; one that never was is in neither.
        changes.inventory.stack(&args.stack)?;
    }
    if context.ui.is_json() {
        for Affected { instance, kind, reasons, .. } in found {
            context.ui.json(&json!({
                "type": "affected", "version": 1, "stack": instance.stack, "environment": instance.environment,
                "change": kind, "reasons": reasons,
            }))?;
        }
        return Ok(ExitCode::Done);
    }
    if found.is_empty() {
        context.ui.status(&format!("nothing that `{}` depends on changed {}", args.stack, comparison.text));
    }
    let styles = *context.ui.styles();
    for group in found.chunk_by(|a, b| a.kind == b.kind && a.reasons == b.reasons) {
        let environments = group.iter().map(|affected| environment(affected)).collect::<Vec<_>>().join(", ");
        let Some(Affected { kind, reasons, closure, .. }) = group.first() else { continue };
        context.ui.data(&styles.bold(format!("{} ({environments}): {kind}", args.stack)));
        for reason in reasons {
            context.ui.data(&explain(reason, styles));
        }
        for notice in closure.iter().flat_map(|closure| &closure.notices) {
            context.ui.warn(&notice.to_string());
        }
    }
    Ok(ExitCode::Done)
}

fn environment(affected: &Affected) -> &str {
    affected.instance.environment.as_ref().map_or("shared", |name| name.as_str())
}

/// The chain from the stack down to the file, one step a line.
fn explain(reason: &Reason, styles: Styles) -> String {
    let mut text = format!("  {} {}", reason.path, styles.dim(format!("({})", reason.change)));
    for link in &reason.chain {
        let line = link.line.map(|line| format!(":{line}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n    {}{line} {}", link.path, styles.dim(format!("({})", link.by)));
    }
    text
}
