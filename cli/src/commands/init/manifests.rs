//! The install manifests of the engine: from a file, or fetched once and kept.

use super::{Context, InitArgs, questions};
use crate::{
    commands::sandbox::report::Report,
    error::CliError,
    platform::{ArgoCdMode, Engine},
    sandbox::{ArgoInstall, Components},
    terraform::Interrupt,
};

/// The manifests of `engine`.
pub(super) fn of_engine(
    context: &Context<'_>,
    args: &InitArgs,
    engine: &Engine,
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
                let fetched = async {
                    match engine {
                        Engine::Flux { version, .. } => manifests.flux_manifests(version).await,
                        Engine::ArgoCd { version, mode: ArgoCdMode::Core } => {
                            manifests.argocd_manifests(version, ArgoInstall::Core).await
                        }
                        Engine::ArgoCd { version, mode: ArgoCdMode::Full } => {
                            manifests.argocd_manifests(version, ArgoInstall::Full).await
                        }
                    }
                };
                tokio::select! {
                    fetched = fetched => Some(fetched),
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
