//! A pull request: check the files, plan, render both sides, and put all of it into one comment.

use crate::{
    check::{self, Files},
    closure,
    commands::{Context, ci::CiArgs, interrupt, plan, rendered::differences, setup},
    error::CliError,
    exit::ExitCode,
    pipeline::{PlanReport, PlanRequest, Which},
    platform::{EnvironmentName, Platform},
    repo::{Range, Repository, Snapshot},
    review::{COMMENT_BUDGET, Outcome, Review, ReviewInput},
    terraform::Interrupt,
    ui::Reporter,
};

pub(super) fn run(
    context: &mut Context<'_>,
    args: &CiArgs,
    base: &str,
    head: &str,
    fork: bool,
) -> Result<ExitCode, CliError> {
    let repository = Repository::open(&context.directory)?;
    let head = repository.resolve(head)?;
    // What the branch adds, not what its base has gained since.
    let base = repository.merge_base(repository.resolve(base)?, head)?;
    let snapshot = repository.commit_snapshot(head)?;
    let warnings = validate(&snapshot)?;
    let platform = closure::load_platform(&snapshot)?;

    let mut input = if fork {
        let notice = "This pull request comes from another repository: nothing of it was run, so there is no plan. \
                      A maintainer can push the branch to this repository to have it planned.";
        ReviewInput {
            notices: vec![notice.to_owned()],
            protect: platform.policy.protect.clone(),
            ..ReviewInput::default()
        }
    } else {
        let interrupt = interrupt::listen(context)?;
        let planned = planned(context, &platform, Range { base: Some(base), head }, &interrupt)?;
        if interrupt.is_raised() {
            return Ok(ExitCode::Interrupted);
        }
        planned
    };
    input.notices.extend(warnings);
    input.title = Some(format!("{}..{}", base.short(), head.short()));
    input.registries = differences(context, Some(&repository.commit_snapshot(base)?), &snapshot, |_| true)?;
    let failed = input.instances.iter().any(|instance| matches!(instance.outcome, Outcome::Failed { .. }))
        || input.registries.iter().any(|registry| !registry.problems.is_empty());
    let review = Review::new(&input);
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    }
    if !context.ui.is_json() || args.comment.as_os_str() != "-" {
        plan::write(context, &args.comment, &review.markdown(COMMENT_BUDGET))?;
        tell_what_is_left(context, args, &platform);
    }
    Ok(if failed { ExitCode::Failed } else { ExitCode::Done })
}

/// Nothing is posted to a forge: what is to be seen there is for the job to do.
fn tell_what_is_left(context: &Context<'_>, args: &CiArgs, platform: &Platform) {
    let Some(forge) = platform.forge.title() else { return };
    let place = match args.comment.to_str() {
        Some("-") => "written to standard output".to_owned(),
        _ => format!("written to `{}`", args.comment.display()),
    };
    context.ui.status(&format!(
        "the comment is {place}: this version of kstack does not post it to {forge}, and sets no statuses there \
         beside that of the job"
    ));
}

/// What `kstack validate` says of the commit: an error, or what should be looked at.
fn validate(snapshot: &Snapshot) -> Result<Vec<String>, CliError> {
    let mut files = Vec::new();
    for entry in snapshot.files("")? {
        if let Some(blob) = snapshot.read(&entry.path)? {
            files.push((entry.path, blob.bytes));
        }
    }
    let report = check::repository(&Files::new(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))));
    if !report.problems.is_empty() {
        return Err(report.into());
    }
    Ok(report.buried.iter().map(ToString::to_string).collect())
}

/// Plans the first environment, and previews the others: what those would do is planned for real, and kept,
/// once the change has reached the environment before.
fn planned(
    context: &mut Context<'_>,
    platform: &Platform,
    range: Range,
    interrupt: &Interrupt,
) -> Result<ReviewInput, CliError> {
    let workshop = setup::workshop(context)?;
    let run = |environments: Vec<EnvironmentName>, keep: bool| -> Result<PlanReport, CliError> {
        let request = PlanRequest {
            range,
            worktree: false,
            which: Which::Changed,
            environments,
            stacks: Vec::new(),
            keep,
            bundles: None,
        };
        let reporter = Reporter::new(context.ui, "planned");
        Ok(context.block_on(workshop.plan(&request, interrupt, &|event| reporter.event(&event)))?)
    };
    let mut names = platform.environments.iter().map(|environment| environment.name.clone());
    let mut input = plan::input(&run(names.next().into_iter().collect(), true)?);
    let others: Vec<EnvironmentName> = names.collect();
    if !others.is_empty() && !interrupt.is_raised() {
        let preview = plan::input(&run(others, false)?);
        // Shared stacks were planned with the first environment.
        let preview = preview.instances.into_iter().filter(|instance| instance.instance.environment.is_some());
        input.instances.extend(preview.map(|mut instance| {
            if let Outcome::Failed { message } = &instance.outcome {
                // The job may hold no credentials for it; that is no fault of the change.
                instance.outcome = Outcome::Skipped { reason: format!("no preview: {message}") };
            }
            instance
        }));
    }
    Ok(input)
}
