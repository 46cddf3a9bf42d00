//! `kstack resume`.

use std::path::PathBuf;

use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{Assurances, ClusterSelection, Field, HandoffRequest, ResumeRequest},
    platform::{EnvironmentName, StackName},
    sync::Mode,
    ui::Reporter,
};

use super::{Context, apply, delivery, interrupt, setup};

/// Go on with a run that was killed, interrupted or failed
///
/// Waits for a Terraform that still works, finds out how far it came, gives its locks back, pushes a state that it could
/// not store, and mends the journal. Then applies what the run had not done and can still be applied as it was reviewed,
/// and says what needs a new review. Can be repeated; where nothing was left, it does nothing.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// Environment to go on with [default: the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// This machine is gone for good, with everything that ran on it; can be given several times
    #[arg(long, value_name = "HOST")]
    gone: Vec<String>,
    /// I have looked at the resources of this stack: nothing exists that its state does not have; can be given several times
    #[arg(long, value_name = "STACK")]
    checked: Vec<StackName>,
    /// Take reviewed plans from this file or folder, as `kstack plan --bundle` wrote it, instead of the plan store; can
    /// be given several times
    #[arg(long = "bundle", value_name = "FILE|DIR")]
    bundles: Vec<PathBuf>,
    /// Say what was left and what would be applied; wait for nothing and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave the clusters alone afterwards
    #[arg(long)]
    no_handoff: bool,
    /// How clusters are handed over afterwards.
    #[command(flatten)]
    delivery: delivery::DeliveryArgs,
}

/// Goes on with the last run, then hands the environment's clusters over.
///
/// # Errors
/// When the environment is being applied to by somebody else, or what was left cannot be found out.
pub fn run(context: &mut Context<'_>, args: &ResumeArgs) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let site = workshop.site();
    let platform = delivery::platform(site, site.repository().resolve("HEAD")?)?;
    let environment = delivery::environment(&platform, args.environment.as_ref())?;
    let interrupt = interrupt::listen(context)?;
    let request = ResumeRequest {
        environment: environment.clone(),
        dry_run: args.dry_run,
        bundles: args.bundles.iter().map(|path| context.directory.join(path)).collect(),
        assurances: Assurances { gone: args.gone.clone(), checked: args.checked.clone() },
    };
    let reporter = Reporter::new(context.ui, "applied");
    let sink = |event| reporter.event(&event);
    let report = context.block_on(workshop.resume(&platform, &request, &interrupt, &sink))?;
    if context.ui.is_json() {
        let document = serde_json::json!({ "type": "resume", "version": 1, "dry_run": args.dry_run, "report": report });
        context.ui.json(&document)?;
    }
    let (Some(run), Some(applied)) = (&report.run, &report.applied) else {
        context.ui.status(&format!("nothing was left in `{environment}`"));
        return Ok(ExitCode::Done);
    };
    if !context.ui.is_json() {
        context.ui.status(&format!("run `{run}` applied commit {:.7}", applied.commit.to_string()));
        for instance in &applied.pushed {
            context.ui.data(&format!("{instance}: the state that could not be stored was pushed"));
        }
        apply::show(context, applied);
        for refusal in &applied.refusals {
            context.ui.data(&refusal.to_string());
        }
    }
    hints(context, applied.refusals.iter().map(|refusal| refusal.field));
    let handoff = HandoffRequest {
        clusters: ClusterSelection {
            commit: applied.commit,
            environment,
            stacks: Vec::new(),
            access: args.delivery.access(context),
        },
        credential: args.delivery.credential(context, &platform.repository)?,
        wait: Some(args.delivery.timeout),
        mode: Mode::Apply,
    };
    let handoff = (!args.dry_run && !args.no_handoff).then_some(&handoff);
    apply::conclude(context, &workshop, &platform, applied, !args.dry_run, handoff)
}

/// What to do about refusals.
fn hints(context: &Context<'_>, fields: impl Iterator<Item = Field>) {
    let (mut last_run, mut errored, mut review) = (false, false, false);
    for field in fields {
        match field {
            Field::LastRun => last_run = true,
            Field::ErroredState => errored = true,
            _ => review = true,
        }
    }
    if last_run {
        context.ui.hint(
            "look at the resources; import or delete what the state does not have, then run `kstack resume --checked <stack>`",
        );
        context.ui.hint("if a machine is gone for good, say so with `--gone <host>`");
    }
    if errored {
        context.ui.hint("a state that could not be stored must be pushed, with `KSTACK_AGE_KEY` if it is sealed, or deleted where it is kept");
    }
    if review {
        context.ui.hint("run `kstack plan --pending`, have the new plans reviewed, then `kstack apply`");
    }
}
