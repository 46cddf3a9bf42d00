//! `kstack diff`.

use std::path::PathBuf;

use serde_json::json;

use super::{
    Context,
    compare::{Comparison, WorktreeArg},
};
use crate::{
    closure::load_platform,
    error::{CliError, ErrorKind},
    exit::ExitCode,
    platform::{EnvironmentName, StackName},
    render::{Kustomize, Registry, RegistryDiff, RenderSettings, Renderer, Values},
    repo::Snapshot,
    review::{Review, ReviewInput},
};

/// Options of `kstack diff`.
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
    let environments = load_platform(&comparison.head)?.environments;
    let program =
        Kustomize::find(std::env::var_os("KSTACK_KUSTOMIZE").as_deref(), std::env::var_os("PATH").as_deref())?;
    let parallelism = std::thread::available_parallelism().map_or(2, usize::from);
    let renderer = Renderer::new(program, RenderSettings { cache: Some(context.cache()?.join("render")), parallelism });
    let exports = tempfile::tempdir().map_err(|error| CliError::new(ErrorKind::External, error))?;
    let export = |snapshot: &Snapshot, name: &str| -> Result<PathBuf, CliError> {
        let folder = exports.path().join(name);
        for link in snapshot.export(&folder)?.left_out {
            context.ui.warn(&format!("`{}` is a link out of the repository and is left out", link.path));
        }
        Ok(folder)
    };
    let base = comparison.base.as_ref().map(|base| export(base, "base")).transpose()?;
    let head = export(&comparison.head, "head")?;
    let task = context.ui.progress().task("rendering");
    let compared =
        renderer.compare_all(base.as_deref(), Some(&head), |registry| args.wants(registry), |_| Values::new());
    let mut diffs = context.block_on(compared)?;
    drop(task);
    diffs.sort_by_key(|diff| {
        // In the order of promotion; environments that the platform no longer has come last.
        let at = environments.iter().position(|environment| environment.name == diff.registry.environment);
        (at.unwrap_or(environments.len()), diff.registry.clone())
    });
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
