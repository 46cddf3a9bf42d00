//! `kstack sandbox list`.

use crate::{commands::Context, error::CliError, exit::ExitCode, sandbox::Sandbox, ui::Table};

/// Lists the sandboxes.
///
/// # Errors
/// When one cannot be read.
pub fn run(context: &mut Context<'_>) -> Result<ExitCode, CliError> {
    let sandboxes = Sandbox::list(&context.home()?)?;
    let mut table = Table::new(*context.ui.styles(), &["NAME", "DRIVER", "KUBERNETES", "STATE", "KUBECONFIG"]);
    for sandbox in &sandboxes {
        let status = context.block_on(sandbox.status())?;
        let driver = status.driver.name();
        let state = status.state();
        let kubeconfig = sandbox.kubeconfig().display().to_string();
        if context.ui.is_json() {
            context.ui.json(&serde_json::json!({
                "type": "sandbox", "version": 1, "name": sandbox.name(), "driver": driver,
                "api_version": status.api_version, "state": state, "kubeconfig": kubeconfig,
            }))?;
        } else {
            let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
            let version = text(status.api_version.as_deref());
            table.row([sandbox.name().to_string(), driver.to_owned(), version, state.to_owned(), kubeconfig]);
        }
    }
    if context.ui.is_json() {
    } else if sandboxes.is_empty() {
        context.ui.status("there is no sandbox");
    } else {
        context.ui.data(&table.render());
    }
    Ok(ExitCode::Done)
}
