//! A push or a tag: apply what was reviewed, hand the clusters over, and plan what comes next.

use crate::{
    commands::{Context, apply, ci::CiArgs, delivery, interrupt, plan, promote, setup},
    error::CliError,
    exit::ExitCode,
    forge::CommitState,
    pipeline::{
        ApplyRequest, Assurances, ClusterSelection, HandoffRequest, PlanRequest, PromotionRequest, Which, Workshop,
    },
    platform::{Environment, Platform},
    policy::Words,
    repo::{CommitId, Range},
    review::Review,
    sync::Mode,
    terraform::Interrupt,
    ui::Reporter,
};

use super::{
    checks,
    desk::Desk,
    outcome::{self, Outcome},
};

/// A branch got new commits: deliver to the environment that it triggers, and plan the next one.
pub(super) fn branch(
    context: &mut Context<'_>,
    args: &CiArgs,
    branch: &str,
    commit: &str,
) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let commit = workshop.site().repository().resolve(commit)?;
    let platform = delivery::platform(workshop.site(), commit)?;
    let Some(environment) = platform.environments.iter().find(|one| one.trigger.matches_branch(branch)) else {
        context.ui.status(&format!("no environment is delivered by branch `{branch}`"));
        return Ok(ExitCode::Done);
    };
    let interrupt = interrupt::listen(context)?;
    let client = args.post.connect(context, &platform, &args.event, false)?;
    let mut desk = Desk::of_commit(client, commit.to_string());
    let code = deliver(context, args, &workshop, &platform, environment, commit, &interrupt, &mut desk)?;
    match platform.next_environment(&environment.name) {
        Some(next) if code == ExitCode::Done => plan_next(context, &workshop, next, commit, &interrupt, &mut desk),
        _ => Ok(code),
    }
}

/// A tag promotes a commit that the environment before has had.
pub(super) fn tag(context: &mut Context<'_>, args: &CiArgs, tag: &str, commit: &str) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let repository = workshop.site().repository();
    let commit = repository.resolve(commit)?;
    let platform = delivery::platform(workshop.site(), commit)?;
    let Some(position) = platform.environments.iter().position(|one| one.trigger.matches_tag(tag)) else {
        context.ui.status(&format!("no environment is delivered by tag `{tag}`"));
        return Ok(ExitCode::Done);
    };
    let environment = &platform.environments[position];
    let request = PromotionRequest {
        commit,
        environment: Some(environment.name.clone()),
        // The user's kubeconfig is that of the cluster that is delivered to.
        access: None,
        skip_clusters: args.no_handoff,
        remote: String::new(),
    };
    let rules = context.block_on(workshop.site().promotion_rules(&platform, environment, &request))?;
    promote::require(context, &rules)?;
    let interrupt = interrupt::listen(context)?;
    let client = args.post.connect(context, &platform, &args.event, false)?;
    let mut desk = Desk::of_commit(client, commit.to_string());
    deliver(context, args, &workshop, &platform, environment, commit, &interrupt, &mut desk)
}

/// Delivers, and says at the forge what came of it: as a status of the commit, and on the pull request that it was.
#[expect(clippy::too_many_arguments, reason = "all of it is known to the caller alone")]
fn deliver(
    context: &Context<'_>,
    args: &CiArgs,
    workshop: &Workshop,
    platform: &Platform,
    environment: &Environment,
    commit: CommitId,
    interrupt: &Interrupt,
    desk: &mut Desk,
) -> Result<ExitCode, CliError> {
    let check = checks::apply(&environment.name);
    // Whoever may not say what is delivered finds out before anything is.
    desk.pend(context, [check.clone()])?;
    let mut applied = None;
    let result = delivered(context, args, workshop, platform, environment, commit, interrupt, &mut applied);
    if interrupt.is_raised() {
        desk.hurry();
    }
    let outcome = Outcome::of(&result, applied.as_deref());
    let said = desk.set(context, check, outcome.state, &outcome.text);
    if let Err(error) = desk.add_outcome(context, &environment.name, &outcome) {
        context.ui.warn(&format!("the pull request does not say what came of it: {error}"));
    }
    match (result, said) {
        (Ok(_), Err(error)) => Err(error),
        (result, Err(error)) => {
            context.ui.warn(&error.to_string());
            result
        }
        (result, Ok(())) => result,
    }
}

#[expect(clippy::too_many_arguments, reason = "all of it is known to the caller alone")]
fn delivered(
    context: &Context<'_>,
    args: &CiArgs,
    workshop: &Workshop,
    platform: &Platform,
    environment: &Environment,
    commit: CommitId,
    interrupt: &Interrupt,
    applied: &mut Option<String>,
) -> Result<ExitCode, CliError> {
    let name = environment.name.clone();
    let clusters = ClusterSelection {
        commit,
        environment: name.clone(),
        stacks: Vec::new(),
        access: args.delivery.access(context),
    };
    let handoff = HandoffRequest {
        clusters,
        credential: args.delivery.credential(context, &platform.repository)?,
        wait: Some(args.delivery.timeout),
        mode: Mode::Apply,
    };
    let request = ApplyRequest {
        commit,
        environment: name,
        stacks: Vec::new(),
        dry_run: false,
        bundles: Vec::new(),
        resume: false,
        assurances: Assurances::default(),
    };
    let handoff = (!args.no_handoff).then_some(&handoff);
    apply::deliver(context, workshop, platform, &request, handoff, interrupt, |report| {
        *applied = Some(outcome::applied(report, handoff.is_some()));
    })
}

/// Plans what the next environment has not got yet, so that its promotion applies a plan that people saw.
fn plan_next(
    context: &mut Context<'_>,
    workshop: &Workshop,
    next: &Environment,
    commit: CommitId,
    interrupt: &Interrupt,
    desk: &mut Desk,
) -> Result<ExitCode, CliError> {
    let check = checks::plan(&next.name);
    desk.pend(context, [check.clone()])?;
    let request = PlanRequest {
        range: Range { base: None, head: commit },
        worktree: false,
        which: Which::Pending,
        environments: vec![next.name.clone()],
        stacks: Vec::new(),
        part: None,
        keep: true,
        bundles: None,
        policies: None,
        words: Words::default(),
    };
    let reporter = Reporter::new(context.ui, "planned");
    let planned = context.block_on(workshop.plan(&request, interrupt, &|event| reporter.event(&event)));
    let reviewed = planned.map_err(CliError::from).and_then(|report| {
        let mut input = plan::input(&report);
        plan::beside(context, workshop.site(), commit, &mut input)?;
        Ok((report, Review::new(&input)))
    });
    let (report, review) = match reviewed {
        Ok(reviewed) => reviewed,
        Err(error) => {
            desk.close(context, CommitState::Error, &error.to_string())?;
            return Err(error);
        }
    };
    if interrupt.is_raised() {
        desk.hurry();
        desk.close(context, CommitState::Error, "the run was interrupted")?;
    } else {
        let (state, text) = checks::of_environment(&review, next.name.as_str(), false);
        desk.set(context, check, state, &text)?;
    }
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    } else {
        context.ui.data(&format!("next: environment `{}`\n{}", next.name, review.terminal(context.ui.styles())));
    }
    Ok(match (interrupt.is_raised(), report.is_ok()) {
        (true, _) => ExitCode::Interrupted,
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::Failed,
    })
}
