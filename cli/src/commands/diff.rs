//! `kstack diff`.

use serde_json::json;

use super::{
    Context,
    compare::{Comparison, WorktreeArg},
    rendered::differences,
};
use crate::{
    error::{CliError, ErrorKind},
    exit::ExitCode,
    platform::{EnvironmentName, StackName},
    render::{Registry, RegistryDiff},
    review::{Review, ReviewInput},
};

/// Show what a change does to the objects in the clusters
///
/// Renders the registries of both sides as their engines would, without asking any cluster, and shows
/// which objects differ. Values of Secrets are never shown.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// What to compare: `BASE..HEAD`, `BASE...HEAD` from their merge base, or `BASE` with `HEAD`
    ///
    /// By default, what `HEAD` adds to the default branch; on the default branch, its last commit.
    #[arg(value_name = "BASE..HEAD")]
    range: Option<String>,
    #[command(flatten)]
    worktree: WorktreeArg,
    /// Only the cluster of this stack
    #[arg(long, value_name = "STACK")]
    cluster: Option<StackName>,
    /// Only this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<EnvironmentName>,
    /// Exit with 2 if objects differ
    #[arg(long)]
    exit_code: bool,
}

impl DiffArgs {
    fn wants(&self, registry: &Registry) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| *cluster == registry.cluster)
            && self.environment.as_ref().is_none_or(|environment| *environment == registry.environment)
    }
}

/// Compares and prints.
///
/// # Errors
/// When the repository or a revision cannot be read, there is no kustomize, or a registry of the
/// new side does not render.
pub fn run(context: &mut Context<'_>, args: &DiffArgs) -> Result<ExitCode, CliError> {
    let comparison = Comparison::open(context, args.range.as_deref(), args.worktree.worktree)?;
    let diffs = differences(context, comparison.base.as_ref(), &comparison.head, |registry| args.wants(registry))?;
    if diffs.is_empty() && (args.cluster.is_some() || args.environment.is_some()) {
        return Err(CliError::user("no registry matches").hint("`kstack list` shows the stacks and their environments"));
    }
    report(context, &comparison.text, &diffs)?;
    match diffs.iter().filter(|diff| !diff.problems.is_empty()).count() {
        0 if args.exit_code && diffs.iter().any(|diff| !diff.is_empty()) => Ok(ExitCode::Different),
        0 => Ok(ExitCode::Done),
        1 => Err(CliError::user("a registry cannot be rendered")),
        failed => Err(CliError::user(format!("{failed} registries cannot be rendered"))),
    }
}

fn report(context: &Context<'_>, range: &str, diffs: &[RegistryDiff]) -> Result<(), CliError> {
    if context.ui.is_json() {
        for diff in diffs {
            let mut document = json!({ "type": "diff", "version": 1, "range": range });
            let fields = serde_json::to_value(diff).map_err(|error| CliError::new(ErrorKind::Internal, error))?;
            if let (Some(document), serde_json::Value::Object(fields)) = (document.as_object_mut(), fields) {
                document.extend(fields);
            }
            context.ui.json(&document)?;
        }
        return Ok(());
    }
    context.ui.detail(&format!("compared {range} in {} registries", diffs.len()));
    let review = Review::new(&ReviewInput { registries: diffs.to_vec(), ..ReviewInput::default() });
    if review.is_empty() && review.notices.is_empty() {
        context.ui.status(&format!("no object differs in {range}"));
    } else {
        context.ui.data(&review.terminal(context.ui.styles()));
    }
    Ok(())
}
