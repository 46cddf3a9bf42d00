//! `kstack plan`.

use std::path::PathBuf;

use crate::{
    closure,
    error::{CliError, ErrorKind},
    exit::ExitCode,
    pipeline::{PlanReport, PlanRequest, PlanResult, Site, Staged, Which},
    platform::{EnvironmentName, StackName},
    policy::Words,
    repo::{CommitId, Range, Repository},
    review::{BeforeInput, COMMENT_BUDGET, InstanceInput, Outcome, Review, ReviewInput},
    ui::Reporter,
};

use super::{Context, interrupt, setup};

/// Show what a change does to infrastructure, and keep the plans for review
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The change: `BASE..HEAD`, or `BASE` to compare with the current commit [default: since the
    /// default branch, or since the parent commit on the default branch]
    #[arg(value_name = "BASE..HEAD")]
    range: Option<String>,
    /// Environment to plan; can be given several times [default: the first]
    #[arg(short, long = "environment", value_name = "NAME")]
    environments: Vec<EnvironmentName>,
    /// Plan only this stack; can be given several times
    #[arg(short, long = "stack", value_name = "NAME")]
    stacks: Vec<StackName>,
    /// Plan every stack, affected or not
    #[arg(long, conflicts_with = "pending")]
    all: bool,
    /// Plan what is not applied yet, whichever change brought it
    #[arg(long)]
    pending: bool,
    /// Plan the files as they are now, committed or not; such plans are not kept
    #[arg(long, conflicts_with = "range")]
    worktree: bool,
    /// Keep the plans in this folder instead of the plan store; `kstack apply --bundle` takes them from there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["worktree", "dry_run"])]
    bundle: Option<PathBuf>,
    /// Show the plans without keeping them
    #[arg(long)]
    dry_run: bool,
    /// Allow to destroy or replace the protected resource at this address, as the line `kstack: allow destroy ADDRESS` in the
    /// description of a pull request does; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    allow_destroy: Vec<String>,
    /// Write the review as Markdown to this file; `-` for standard output
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write the whole review as an HTML page to this file; it needs nothing else, and no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Exit with 2 when something would change
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Plans and shows the review.
///
/// # Errors
/// When the plans cannot be started; a plan that fails is shown and makes the exit code 1.
pub fn run(context: &mut Context<'_>, args: &PlanArgs) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let mut request = request(workshop.site().repository(), args)?;
    request.bundles = args.bundle.as_ref().map(|folder| context.directory.join(folder));
    let interrupt = interrupt::listen(context)?;
    let reporter = Reporter::new(context.ui, "planned");
    let report = context.block_on(workshop.plan(&request, &interrupt, &|event| reporter.event(&event)))?;
    let mut input = input(&report);
    if args.pending {
        beside(context, workshop.site(), request.range.head, &mut input)?;
    }
    let review = Review::new(&input);
    if let Some(file) = &args.markdown {
        write(context, file, &review.markdown(COMMENT_BUDGET))?;
    }
    if let Some(file) = &args.report {
        write(context, file, &review.html()?)?;
    }
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    } else if report.instances.is_empty() && report.notices.is_empty() {
        context.ui.data("no stack is affected");
    } else if args.markdown.as_deref().is_none_or(|file| file.as_os_str() != "-") {
        context.ui.data(&review.terminal(context.ui.styles()));
    }
    let kept =
        report.instances.iter().any(|planned| matches!(planned.result, PlanResult::Changes(_) | PlanResult::Staged(_)));
    if kept && !context.ui.is_json() && !report.plan_stores.is_empty() {
        context.ui.status(&format!("the plans are kept in `{}`", report.plan_stores.join("` and `")));
    }
    if interrupt.is_raised() {
        return Ok(ExitCode::Interrupted);
    }
    Ok(match (report.is_ok(), args.detailed_exitcode && report.has_changes()) {
        (false, _) => ExitCode::Failed,
        (true, true) => ExitCode::Different,
        (true, false) => ExitCode::Done,
    })
}

fn request(repository: &Repository, args: &PlanArgs) -> Result<PlanRequest, CliError> {
    let head =
        if args.worktree { repository.worktree_snapshot()? } else { repository.commit_snapshot(repository.head()?)? };
    let platform = closure::load_platform(&head)?;
    let range = if args.worktree {
        Range { base: repository.worktree_base(None, &platform.default_branch)?, head: repository.head()? }
    } else {
        if args.range.is_none() {
            refuse_dirty(repository)?;
        }
        repository.range(args.range.as_deref(), &platform.default_branch)?
    };
    Ok(PlanRequest {
        range,
        worktree: args.worktree,
        which: match (args.all, args.pending) {
            (true, _) => Which::All,
            (_, true) => Which::Pending,
            _ => Which::Changed,
        },
        environments: args.environments.clone(),
        stacks: args.stacks.clone(),
        part: None,
        keep: !args.dry_run,
        bundles: None,
        policies: None,
        words: Words::for_addresses(args.allow_destroy.iter().cloned()),
    })
}

/// What is not committed would silently be missing from the plan.
pub(super) fn refuse_dirty(repository: &Repository) -> Result<(), CliError> {
    let dirty = repository.dirty()?;
    let Some(first) = dirty.first() else { return Ok(()) };
    let others = match dirty.len() {
        1 => " is".to_owned(),
        count => format!(" and {} more are", count - 1),
    };
    Err(CliError::user(format!("`{}`{others} not committed", first.path))
        .hint("commit or stash it: what is planned and applied is a commit")
        .hint("or use `kstack plan --worktree` to see a plan that is not kept"))
}

/// Adds what the environments before got, to be held against what is planned: what is pending is what they have had.
pub(super) fn beside(
    context: &Context<'_>,
    site: &Site,
    commit: CommitId,
    input: &mut ReviewInput,
) -> Result<(), CliError> {
    let platform = closure::load_platform(&site.repository().commit_snapshot(commit)?)?;
    for pair in platform.environments.windows(2) {
        let [before, next] = pair else { continue };
        let planned = |name: &EnvironmentName| {
            let instances = input.instances.iter().map(|planned| planned.instance.clone());
            instances.filter(|instance| instance.environment.as_ref() == Some(name)).collect::<Vec<_>>()
        };
        // What is planned together is compared as it is planned.
        if planned(&before.name).is_empty() {
            let had = context.block_on(site.before(&platform, &before.name, &planned(&next.name)))?;
            input
                .before
                .extend(had.into_iter().map(|had| BeforeInput { instance: had.instance, changes: had.changes }));
        }
    }
    Ok(())
}

/// The report as the review reads it.
pub(super) fn input(report: &PlanReport) -> ReviewInput {
    let instances = report.instances.iter().map(|planned| InstanceInput {
        instance: planned.instance.clone(),
        outcome: match &planned.result {
            PlanResult::Changes(list) => Outcome::Planned(list.clone()),
            PlanResult::Staged(Staged { stage, after, expected, unforeseen }) => Outcome::Staged {
                stage: *stage,
                after: after.clone(),
                expected: expected.clone(),
                unforeseen: unforeseen.clone(),
            },
            PlanResult::Failed { message } => Outcome::Failed { message: message.clone() },
            PlanResult::Skipped { reason } => Outcome::Skipped { reason: reason.clone() },
        },
        protect: planned.protect.clone(),
        reasons: planned.reasons.clone(),
        notices: planned.notices.clone(),
    });
    ReviewInput {
        title: None,
        instances: instances.collect(),
        before: Vec::new(),
        previews: Vec::new(),
        stale: Vec::new(),
        registries: Vec::new(),
        protect: report.protect.clone(),
        notices: report.notices.clone(),
        findings: report.instances.iter().flat_map(|planned| planned.findings.iter().cloned()).collect(),
        report: None,
    }
}

/// Writes `text` to `file`, or to standard output for `-`.
pub(super) fn write(context: &Context<'_>, file: &PathBuf, text: &str) -> Result<(), CliError> {
    if file.as_os_str() == "-" {
        context.ui.data(text);
        return Ok(());
    }
    let path = context.directory.join(file);
    std::fs::write(&path, text).map_err(|error| {
        CliError::new(
            ErrorKind::User,
            std::io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display())),
        )
    })
}
