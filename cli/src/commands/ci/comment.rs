//! The comment on a pull request: what was planned, with both sides of the registries rendered.

use std::path::PathBuf;

use crate::{
    commands::{Context, plan, rendered::differences},
    error::CliError,
    exit::ExitCode,
    pipeline::{PlanReport, Planned, Starter},
    platform::Platform,
    review::{COMMENT_BUDGET, Outcome, Review, ReviewInput},
};

use super::pull_request::Change;

/// Where the comment goes.
#[derive(Debug, clap::Args)]
pub(super) struct CommentArg {
    /// Write the comment as Markdown to this file; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    comment: PathBuf,
    /// Write the whole review as an HTML page to this file, for the job to keep; the comment may have to leave things out
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What of `change` was planned, as the review reads it. Environments after the first are a preview: the job may hold
/// no credentials for them, and that is no fault of the change.
pub(super) fn input(change: &Change, planned: Vec<Planned>, notices: Vec<String>) -> ReviewInput {
    let first = change.platform.environments.first().map(|environment| &environment.name);
    let report = PlanReport {
        commit: Some(change.head),
        plan_stores: Vec::new(),
        instances: planned,
        notices,
        protect: change.platform.policy.protect.clone(),
    };
    let mut input = plan::input(&report);
    let others = change.platform.environments.iter().skip(1);
    input.previews = others.map(|environment| environment.name.clone()).collect();
    for instance in &mut input.instances {
        let is_preview = instance.instance.environment.is_some() && instance.instance.environment.as_ref() != first;
        if let (true, Outcome::Failed { message }) = (is_preview, &instance.outcome) {
            instance.outcome = Outcome::Skipped { reason: format!("no preview: {message}") };
        }
    }
    input
}

/// Whether a plan that counts failed.
pub(super) fn has_failed(input: &ReviewInput) -> bool {
    input.instances.iter().any(|instance| matches!(instance.outcome, Outcome::Failed { .. }))
}

/// Renders both sides and writes the comment.
///
/// # Errors
/// When the sides cannot be rendered at all, or the comment cannot be written.
pub(super) fn write(
    context: &Context<'_>,
    arg: &CommentArg,
    change: &Change,
    mut input: ReviewInput,
) -> Result<ExitCode, CliError> {
    input.notices.extend(change.warnings.iter().cloned());
    if arg.report.is_some() {
        // The report is among what the job keeps.
        input.report = Starter::from_env().job;
    }
    input.title = Some(format!("{}..{}", change.base.short(), change.head.short()));
    let base = change.repository.commit_snapshot(change.base)?;
    input.registries = differences(context, Some(&base), &change.snapshot, |_| true)?;
    let failed = has_failed(&input) || input.registries.iter().any(|registry| !registry.problems.is_empty());
    let review = Review::new(&input);
    if let Some(file) = &arg.report {
        plan::write(context, file, &review.html()?)?;
    }
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    }
    if !context.ui.is_json() || arg.comment.as_os_str() != "-" {
        plan::write(context, &arg.comment, &review.markdown(COMMENT_BUDGET))?;
        tell_what_is_left(context, arg, &change.platform);
    }
    Ok(if failed { ExitCode::Failed } else { ExitCode::Done })
}

/// Nothing is posted to a forge: what is to be seen there is for the job to do.
fn tell_what_is_left(context: &Context<'_>, arg: &CommentArg, platform: &Platform) {
    let Some(forge) = platform.forge.title() else { return };
    let place = match arg.comment.to_str() {
        Some("-") => "written to standard output".to_owned(),
        _ => format!("written to `{}`", arg.comment.display()),
    };
    context.ui.status(&format!(
        "the comment is {place}: this version of kstack does not post it to {forge}, and sets no statuses there \
         beside that of the job"
    ));
}
