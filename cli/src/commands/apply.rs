//! `kstack apply`.

use std::path::PathBuf;

use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{ApplyReport, ApplyRequest, Assurances, ClusterSelection, HandoffRequest, Status, Workshop},
    platform::{EnvironmentName, Platform, StackName},
    sync::Mode,
    terraform::Interrupt,
    ui::Reporter,
};

use super::{Context, delivery, interrupt, setup};

/// Apply exactly the plans that were reviewed
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// The merged commit
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    commit: String,
    /// Environment to apply to [default: the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// Apply only this stack; can be given several times
    #[arg(short, long = "stack", value_name = "NAME")]
    stacks: Vec<StackName>,
    /// Take reviewed plans from this file or folder, as `kstack plan --bundle` wrote it, instead of the plan store; can
    /// be given several times. With files alone, only their stacks are applied
    #[arg(long = "bundle", value_name = "FILE|DIR")]
    bundles: Vec<PathBuf>,
    /// Check that the reviewed plans fit; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave the clusters alone afterwards
    #[arg(long)]
    no_handoff: bool,
    /// How clusters are handed over afterwards.
    #[command(flatten)]
    delivery: delivery::DeliveryArgs,
}

/// Applies the reviewed plans, then hands the environment's clusters over.
///
/// # Errors
/// When a reviewed plan does not fit, or the environment is being applied to by somebody else.
pub fn run(context: &mut Context<'_>, args: &ApplyArgs) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let commit = workshop.site().repository().resolve(&args.commit)?;
    let platform = delivery::platform(workshop.site(), commit)?;
    let environment = delivery::environment(&platform, args.environment.as_ref())?;
    let interrupt = interrupt::listen(context)?;
    let bundles: Vec<PathBuf> = args.bundles.iter().map(|path| context.directory.join(path)).collect();
    let mut stacks = args.stacks.clone();
    if stacks.is_empty() && !bundles.iter().any(|path| path.is_dir()) {
        // Who names single plans means these.
        stacks = workshop.site().stacks_of_bundles(&bundles)?;
    }
    let clusters = ClusterSelection {
        commit,
        environment: environment.clone(),
        stacks: stacks.clone(),
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
        environment,
        stacks,
        dry_run: args.dry_run,
        bundles,
        resume: false,
        assurances: Assurances::default(),
    };
    let handoff = (!args.dry_run && !args.no_handoff).then_some(&handoff);
    deliver(context, &workshop, &platform, &request, handoff, &interrupt, |_| {})
}

/// Applies, and hands over if that went well. What can be known to stop the hand-over stops the apply as well. `applied`
/// gets to know what was applied before anything is handed over.
pub(super) fn deliver(
    context: &Context<'_>,
    workshop: &Workshop,
    platform: &Platform,
    request: &ApplyRequest,
    handoff: Option<&HandoffRequest>,
    interrupt: &Interrupt,
    applied: impl FnOnce(&ApplyReport),
) -> Result<ExitCode, CliError> {
    if let Some(handoff) = handoff {
        workshop.site().foresee_hand_over(handoff)?;
    }
    let reporter = Reporter::new(context.ui, "applied");
    let report = context.block_on(workshop.apply(request, interrupt, &|event| reporter.event(&event)))?;
    applied(&report);
    if context.ui.is_json() {
        let dry_run = request.dry_run;
        context.ui.json(&serde_json::json!({ "type": "apply", "version": 1, "dry_run": dry_run, "report": report }))?;
    } else {
        show(context, &report);
    }
    // A part of the stacks is no delivery of the commit.
    let delivers = !request.dry_run && request.stacks.is_empty();
    conclude(context, workshop, platform, &report, delivers, handoff)
}

/// Hands over if the run went well, and records that the commit was delivered if it was.
pub(super) fn conclude(
    context: &Context<'_>,
    workshop: &Workshop,
    platform: &Platform,
    report: &ApplyReport,
    delivers: bool,
    handoff: Option<&HandoffRequest>,
) -> Result<ExitCode, CliError> {
    let code = match handoff {
        _ if report.interrupted => ExitCode::Interrupted,
        _ if !report.is_ok() => ExitCode::Failed,
        Some(handoff) => delivery::hand_over(context, workshop.site(), handoff)?,
        None => ExitCode::Done,
    };
    if code == ExitCode::Done && delivers {
        let handed_over = handoff.is_some();
        let recorded = workshop.site().record_delivery(platform, &report.environment, report.commit, handed_over);
        context.block_on(recorded)?;
    }
    Ok(code)
}

/// What people see of a run.
pub(super) fn show(context: &Context<'_>, report: &ApplyReport) {
    for notice in &report.notices {
        context.ui.warn(notice);
    }
    for delivered in &report.instances {
        match delivered.status {
            Status::Applied => {}
            _ => context.ui.data(&format!("{}: {}", delivered.instance, delivered.summary)),
        }
    }
    if report.instances.iter().any(|delivered| delivered.status == Status::Held) {
        context.ui.hint("`kstack plan --pending` plans what was held; have that reviewed, then apply again");
    }
    let is_unclear = report.instances.iter().any(|delivered| delivered.status == Status::Unknown);
    if report.interrupted && is_unclear {
        context.ui.hint("`kstack resume` says what has to be looked at before anything is applied there");
    } else if report.interrupted {
        context.ui.hint("what was done is in the state; `kstack plan` shows what remains");
    }
    if report.instances.is_empty() && report.refusals.is_empty() {
        let environment = &report.environment;
        context.ui.status(&format!("the infrastructure of `{environment}` is up to date"));
    }
}
