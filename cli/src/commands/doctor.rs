//! `kstack doctor`.

use super::Context;
use crate::{
    check::{self, Finding, Machine},
    error::CliError,
    exit::ExitCode,
    pipeline,
    ui::Table,
};

/// Check the tools and settings that kstack needs
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {}

/// Looks at programs, settings and the platform here, and tells what to do about each.
///
/// # Errors
/// When the places of kstack's own folders are not known.
pub fn run(context: &mut Context<'_>, _args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let providers = context.cache()?.join(pipeline::PROVIDERS);
    let machine = Machine { folder: context.directory.clone(), components: context.components()?, providers };
    let checks = check::examine(&machine);
    let healthy = checks.iter().all(|check| check.finding != Finding::Missing);
    if context.ui.is_json() {
        context
            .ui
            .json(&serde_json::json!({ "type": "doctor", "version": 1, "healthy": healthy, "checks": checks }))?;
    } else {
        let styles = *context.ui.styles();
        let mut table = Table::new(styles, &["check", "finding", "detail", "what to do"]);
        for check in &checks {
            let finding = match check.finding {
                Finding::Ok => styles.good("ok"),
                Finding::Warning => styles.warning("warning"),
                Finding::Missing => styles.error("missing"),
            };
            let remedy = check.remedy.clone().unwrap_or_default();
            table.row([check.name.to_owned(), finding, check.detail.clone(), remedy]);
        }
        context.ui.data(&table.render());
    }
    Ok(if healthy { ExitCode::Done } else { ExitCode::Failed })
}
