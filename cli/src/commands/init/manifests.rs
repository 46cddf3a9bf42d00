//! The install manifests of the engine: from a file, or fetched once and kept.

use super::{Context, InitArgs, questions};
use crate::{commands::sandbox::report::Report, error::CliError, sandbox::Components, terraform::Interrupt};

/// The manifests of release `version`.
pub(super) fn of_engine(
    context: &Context<'_>,
    args: &InitArgs,
    version: &str,
    interrupt: &Interrupt,
) -> Result<String, CliError> {
    let path = match &args.engine_manifests {
        Some(path) => context.directory.join(path),
        None => {
            let settings = args.components.settings(context)?;
            let report = Report::new(context.ui);
            let sink = |event| report.event(&event);
            let manifests = Components::new(&settings, &sink);
            let fetched = context.block_on(async {
                tokio::select! {
                    fetched = manifests.flux_manifests(version) => Some(fetched),
                    () = interrupt.wait() => None,
                }
            });
            report.finish();
            fetched.ok_or_else(questions::interrupted)?.map_err(|error| {
                CliError::from(error).hint("or give the release's `install.yaml` with `--engine-manifests FILE`")
            })?
        }
    };
    std::fs::read_to_string(&path).map_err(|error| {
        CliError::user(format!("cannot read `{}`: {error}", path.display())).hint("give another `--engine-manifests`")
    })
}
