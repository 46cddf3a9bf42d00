//! The comment on a pull request: what was planned, with both sides of the registries rendered.

use std::path::PathBuf;

use crate::{
    commands::{Context, plan, rendered::differences},
    error::CliError,
    pipeline::{PlanReport, Planned, Starter},
    policy::{Finding, Policies},
    review::{COMMENT_BUDGET, Outcome, Review, ReviewInput},
};

use super::{pull_request::Change, trust::Trust};

/// Where the comment goes, beside the forge.
#[derive(Debug, clap::Args)]
pub(super) struct CommentArg {
    /// Write the comment as Markdown to this file; `-` for standard output [default: `-` unless it is posted]
    #[arg(long, value_name = "FILE")]
    comment: Option<PathBuf>,
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
        || input.findings.iter().any(Finding::denies)
}

/// Renders both sides, and lays everything out. Also tells whether anything failed.
///
/// # Errors
/// When the sides cannot be rendered at all.
pub(super) fn review(
    context: &Context<'_>,
    arg: &CommentArg,
    change: &Change,
    trust: &Trust,
    mut input: ReviewInput,
) -> Result<(Review, bool), CliError> {
    input.notices.extend(change.warnings.iter().cloned());
    if arg.report.is_some() {
        // The report is among what the job keeps.
        input.report = Starter::from_env().job;
    }
    input.title = Some(change.title());
    let base = change.repository.commit_snapshot(change.base)?;
    input.registries = differences(context, Some(&base), &change.snapshot, |_| true)?;
    let policies = Policies::of_commit(&change.repository, trust.policies)?;
    let objects = input.registries.iter().flat_map(|registry| policies.judge_objects(registry));
    input.findings.extend(trust.findings.iter().cloned().chain(objects));
    let failed = has_failed(&input) || input.registries.iter().any(|registry| !registry.problems.is_empty());
    Ok((Review::new(&input), failed))
}

/// What is said on a pull request that could not be reviewed.
pub(super) fn failure(title: &str, error: &CliError) -> String {
    let mut notices = vec![format!("kstack could not review this commit: {}", one_line(&error.to_string()))];
    notices.extend(error.causes().map(|cause| format!("caused by: {}", one_line(&cause))));
    for problem in error.located() {
        let (line, message) = (problem.file.line_of(problem.span.start), one_line(&problem.message));
        let help = problem.help.as_ref().map(|help| format!(" ({})", one_line(help))).unwrap_or_default();
        notices.push(format!("`{}:{line}`: {message}{help}", problem.file.path));
    }
    notices.extend(error.hints().iter().map(|hint| format!("hint: {}", one_line(hint))));
    notice(title, notices)
}

/// A comment that only says something.
pub(super) fn notice(title: &str, notices: Vec<String>) -> String {
    let input = ReviewInput { title: Some(title.to_owned()), notices, ..ReviewInput::default() };
    Review::new(&input).markdown(COMMENT_BUDGET)
}

/// Writes the report and the comment where `arg` says, and shows the review where nothing else does.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(context: &Context<'_>, arg: &CommentArg, review: &Review, posts: bool) -> Result<(), CliError> {
    if let Some(file) = &arg.report {
        plan::write(context, file, &review.html()?)?;
    }
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    }
    match &arg.comment {
        Some(file) if !context.ui.is_json() || file.as_os_str() != "-" => {
            plan::write(context, file, &review.markdown(COMMENT_BUDGET))
        }
        None if !context.ui.is_json() => {
            if posts {
                context.ui.data(&review.terminal(context.ui.styles()));
            } else {
                context.ui.data(&review.markdown(COMMENT_BUDGET));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
