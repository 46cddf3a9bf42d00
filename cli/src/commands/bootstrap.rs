//! `kstack bootstrap`.

use serde_json::{Value, json};

use crate::{
    closure,
    error::{CliError, ErrorKind},
    exit::ExitCode,
    pipeline::{BootstrapReport, Draft, Standing, Status},
    review::Review,
    ui::Reporter,
};

use super::{Context, interrupt, plan, setup};

/// Bring a new account from nothing to remote state
///
/// Applies `infra/bootstrap`, which makes the bucket for all states, with a state on disk; then moves that state into the
/// bucket. Can be run again at any time: it goes on where the last run ended. Needs credentials of an administrator
/// once; afterwards `infra/bootstrap` is a stack like any other, changed by pull requests.
#[derive(Debug, clap::Args)]
pub struct BootstrapArgs {
    /// Apply without asking
    #[arg(short, long)]
    yes: bool,
    /// Show what would be made; make nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// Plans, asks, applies, and moves the state.
///
/// # Errors
/// When something is in the way that must not be touched, nobody can be asked, or the state cannot be moved.
pub fn run(context: &mut Context<'_>, args: &BootstrapArgs) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let repository = workshop.site().repository();
    if closure::load_platform(&repository.worktree_snapshot()?)?.state.backend.is_local() {
        return nothing_to_do(context, args);
    }
    plan::refuse_dirty(repository)?;
    let commit = repository.head()?;
    let interrupt = interrupt::listen(context)?;
    let reporter = Reporter::new(context.ui, "planned");
    let draft = context.block_on(workshop.draft_bootstrap(commit, &interrupt, &|event| reporter.event(&event)))?;
    show_draft(context, &draft)?;
    if !draft.report().is_ok() {
        return Ok(ExitCode::Failed);
    }
    if args.dry_run {
        return concluded(context, &draft);
    }
    if draft.has_changes() {
        confirm(context, args)?;
    }
    let reporter = Reporter::new(context.ui, "bootstrapped");
    let report = context.block_on(workshop.bootstrap(draft, &interrupt, &|event| reporter.event(&event)))?;
    show_report(context, &report)?;
    Ok(match report.status {
        Status::Applied => ExitCode::Done,
        Status::Interrupted => ExitCode::Interrupted,
        _ => ExitCode::Failed,
    })
}

fn nothing_to_do(context: &Context<'_>, args: &BootstrapArgs) -> Result<ExitCode, CliError> {
    if context.ui.is_json() {
        context.ui.json(&document(args.dry_run, &Value::Null))?;
    }
    context.ui.status("there is nothing to bootstrap: state lies on this machine");
    Ok(ExitCode::Done)
}

fn show_draft(context: &Context<'_>, draft: &Draft) -> Result<(), CliError> {
    let review = Review::new(&plan::input(draft.report()));
    if context.ui.is_json() {
        return context.ui.json(&review.document());
    }
    context.ui.data(&review.terminal(context.ui.styles()));
    let destination = draft.destination();
    match draft.standing() {
        Standing::New => context.ui.status(&format!("its state will be `{destination}`")),
        Standing::Begun => {
            context.ui.status(&format!("an earlier run has begun; its state, now on disk, will be `{destination}`"));
        }
        Standing::Moved => context.ui.status(&format!("its state is `{destination}`")),
    }
    Ok(())
}

fn concluded(context: &Context<'_>, draft: &Draft) -> Result<ExitCode, CliError> {
    if context.ui.is_json() {
        let draft = json!({ "standing": draft.standing(), "destination": draft.destination() });
        context.ui.json(&document(true, &draft))?;
    }
    Ok(ExitCode::Done)
}

fn confirm(context: &Context<'_>, args: &BootstrapArgs) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    if !context.ui.can_ask() {
        return Err(CliError::usage("`--yes` is missing: nobody can be asked whether to apply this")
            .hint("look at it with `--dry-run`, then give `--yes`"));
    }
    let answer = context.ui.ask("apply this? only `yes` does", Some("no".to_owned()), |_| Ok(()));
    match answer.map_err(|error| CliError::new(ErrorKind::Interrupted, error))?.as_str() {
        "yes" => Ok(()),
        _ => Err(CliError::user("nothing was applied: the answer was not `yes`")),
    }
}

fn show_report(context: &Context<'_>, report: &BootstrapReport) -> Result<(), CliError> {
    let ui = &context.ui;
    if ui.is_json() {
        return ui.json(&document(false, &json!(report)));
    }
    if let Some(moved) = &report.moved {
        ui.status(&format!("the state of {} resources moved to `{}`", moved.resources, report.destination));
        ui.status(&format!("a copy is kept in `{}`", moved.backup.display()));
    }
    if report.status != Status::Applied {
        ui.data(&format!("{}: {}", report.instance, report.summary));
        ui.hint("mend the cause and run this again: it goes on from here");
        return Ok(());
    }
    let variables = report.outputs.get("ci_variables").and_then(Value::as_object);
    ui.status("\nnext:");
    if let Some(variables) = variables.filter(|variables| !variables.is_empty()) {
        ui.status("  tell the pipeline, as variables of the repository:");
        for (name, value) in variables {
            ui.data(&format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
    }
    ui.status("  deliver a first change: README.md, \"How a change is delivered\"");
    Ok(())
}

fn document(dry_run: bool, report: &Value) -> Value {
    json!({ "type": "bootstrap", "version": 1, "dry_run": dry_run, "report": report })
}
