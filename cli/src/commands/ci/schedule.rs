//! The time has come to look: what every environment has is planned again, and nothing is kept or applied.

use crate::{
    commands::{Context, delivery, interrupt, plan, setup},
    error::CliError,
    exit::ExitCode,
    pipeline::{InstanceState, PlanReport, PlanRequest, Site, StatusRequest, Which},
    platform::{EnvironmentName, Platform},
    policy::Words,
    repo::{CommitId, Range},
    review::Review,
    ui::Reporter,
};

/// Looks for drift in each environment, and tells what waits for delivery. Drift makes the exit code 2; that something
/// waits is no fault.
pub(super) fn run(context: &mut Context<'_>, commit: &str) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let site = workshop.site();
    let tip = site.repository().resolve(commit)?;
    let platform = delivery::platform(site, tip)?;
    tell_version(context, &platform);
    let interrupt = interrupt::listen(context)?;
    let mut code = ExitCode::Done;
    for (at, environment) in platform.environments.iter().enumerate() {
        let name = &environment.name;
        tell_pending(context, site, name, tip)?;
        let Some(had) = context.block_on(site.last_delivered(&platform, name))? else {
            context.ui.status(&format!("`{name}` has had no delivery yet: there is nothing to look at"));
            continue;
        };
        let request = PlanRequest {
            range: Range { base: None, head: had },
            worktree: false,
            which: Which::All,
            environments: vec![name.clone()],
            stacks: Vec::new(),
            part: None,
            keep: false,
            bundles: None,
            policies: None,
            words: Words::default(),
        };
        let reporter = Reporter::new(context.ui, "checked");
        let mut report = context.block_on(workshop.plan(&request, &interrupt, &|event| reporter.event(&event)))?;
        // Shared stacks were checked with the first environment.
        report.instances.retain(|planned| at == 0 || planned.instance.environment.is_some());
        show(context, name, had, &report)?;
        if interrupt.is_raised() {
            return Ok(ExitCode::Interrupted);
        }
        code = match (report.is_ok(), report.has_changes(), code) {
            (false, ..) | (_, _, ExitCode::Failed) => ExitCode::Failed,
            (_, true, _) => ExitCode::Different,
            _ => code,
        };
    }
    Ok(code)
}

fn show(context: &Context<'_>, name: &EnvironmentName, had: CommitId, report: &PlanReport) -> Result<(), CliError> {
    let mut input = plan::input(report);
    input.title = Some(format!("{name} at {}", had.short()));
    let review = Review::new(&input);
    if context.ui.is_json() {
        return context.ui.json(&review.document());
    }
    if report.is_ok() && !report.has_changes() {
        context.ui.data(&format!("environment `{name}` is as commit {} says", had.short()));
    } else {
        let text = review.terminal(context.ui.styles());
        context.ui.data(&format!("environment `{name}` is not as commit {} says\n{text}", had.short()));
    }
    Ok(())
}

/// What the default branch has and the environment has not.
fn tell_pending(context: &Context<'_>, site: &Site, name: &EnvironmentName, tip: CommitId) -> Result<(), CliError> {
    let request = StatusRequest { commit: tip, environments: vec![name.clone()], stacks: Vec::new() };
    let report = context.block_on(site.infrastructure(&request))?;
    let waiting = report.instances.iter().filter(|instance| instance.state != InstanceState::Applied);
    let waiting: Vec<String> = waiting.map(|status| status.instance.to_string()).collect();
    if !waiting.is_empty() {
        let (tip, list) = (tip.short(), waiting.join(", "));
        context.ui.status(&format!("`{name}` has not got all of commit {tip} yet: {list}"));
    }
    Ok(())
}

fn tell_version(context: &Context<'_>, platform: &Platform) {
    let own = env!("CARGO_PKG_VERSION");
    if platform.version != own {
        let wrote = &platform.version;
        context.ui.status(&format!("`kstack.hcl` was written by version {wrote}, and this is version {own}"));
    }
}
