//! `kstack sandbox status`.

use super::NameArg;
use crate::{
    commands::Context,
    error::CliError,
    exit::ExitCode,
    sandbox::{Health, MemberStatus, Sandbox, Status},
    ui::Table,
};

/// Options of `kstack sandbox status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    name: NameArg,
}

/// Shows the sandbox. Exits with 1 unless all of it is ready.
///
/// # Errors
/// When there is none of that name.
pub fn run(context: &mut Context<'_>, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let sandbox = args.name.sandbox(context)?;
    let status = context.block_on(sandbox.status())?;
    if context.ui.is_json() {
        context.ui.json(&document(&sandbox, &status))?;
    } else {
        human(context, &sandbox, &status);
    }
    Ok(if status.is_ready() { ExitCode::Done } else { ExitCode::Failed })
}

fn document(sandbox: &Sandbox, status: &Status) -> serde_json::Value {
    let member = |one: &MemberStatus| {
        let (state, reason) = words(&one.health);
        serde_json::json!({
            "name": one.member, "version": one.version, "pid": one.pid, "memory_bytes": one.memory,
            "state": state, "reason": reason, "log": sandbox.log(one.member),
        })
    };
    serde_json::json!({
        "type": "sandbox-status", "version": 1, "name": sandbox.name(), "driver": status.driver,
        "engine": status.engine, "state": status.state(), "api_version": status.api_version,
        "kubeconfig": sandbox.kubeconfig(), "processes": status.members.iter().map(member).collect::<Vec<_>>(),
    })
}

fn human(context: &Context<'_>, sandbox: &Sandbox, status: &Status) {
    let api = status.api_version.as_deref().unwrap_or("does not answer");
    let driver = status.driver.name();
    context.ui.data(&format!(
        "{}: {} (driver {driver}, Kubernetes {api})\nkubeconfig: {}\n",
        sandbox.name(),
        status.state(),
        sandbox.kubeconfig().display()
    ));
    let mut table = Table::new(*context.ui.styles(), &["PROCESS", "VERSION", "PID", "MEMORY", "STATE"]);
    for one in &status.members {
        let (state, reason) = words(&one.health);
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        table.row([
            one.member.to_string(),
            text(one.version.clone()),
            text(one.pid.map(|pid| pid.to_string())),
            text(one.memory.map(|bytes| format!("{} MiB", bytes / 1024 / 1024))),
            reason.map_or_else(|| state.to_owned(), |reason| format!("{state}: {reason}")),
        ]);
    }
    context.ui.data(&table.render());
}

fn words(health: &Health) -> (&'static str, Option<&str>) {
    match health {
        Health::Ready => ("ready", None),
        Health::NotReady { reason } => ("not ready", Some(reason)),
        Health::Stopped => ("stopped", None),
    }
}
