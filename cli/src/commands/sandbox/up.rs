//! `kstack sandbox up`.

use std::{collections::BTreeMap, path::PathBuf};

use super::{NameArg, report::Report};
use crate::{
    commands::{Context, components::ComponentArgs},
    error::{CliError, ErrorKind},
    exit::ExitCode,
    platform::RepositoryName,
    sandbox::{DriverChoice, EngineKind, UpSettings},
};

/// Options of `kstack sandbox up`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Programs are taken from --assets, then from the cache (KSTACK_COMPONENTS_DIR), then downloaded \
    and checked, and otherwise built from their Go modules, which takes about ten minutes once. Everything about the \
    sandbox lies in one folder below KSTACK_HOME and listens on loopback only."
)]
pub struct UpArgs {
    #[command(flatten)]
    name: NameArg,
    /// The engine whose controllers run in it
    #[arg(long, value_enum, default_value_t = EngineArg::Flux, value_name = "ENGINE")]
    engine: EngineArg,
    /// Run Kubernetes only, without an engine's controllers
    #[arg(long, conflicts_with = "engine")]
    kubernetes_only: bool,
    /// How it runs: `auto` takes kind where a Docker engine answers, and processes of this machine otherwise
    #[arg(long, value_enum, default_value_t = DriverArg::Auto, value_name = "DRIVER")]
    driver: DriverArg,
    /// Serve a bare Git repository to the cluster, as NAME=PATH; can be given several times
    #[arg(long = "git-repository", value_name = "NAME=PATH", value_parser = repository)]
    git_repositories: Vec<(RepositoryName, PathBuf)>,
    #[command(flatten)]
    components: ComponentArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DriverArg {
    Auto,
    Process,
    Kind,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EngineArg {
    Flux,
    Argocd,
}

fn repository(text: &str) -> Result<(RepositoryName, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=PATH")?;
    let name = RepositoryName::new(name).map_err(|error| error.to_string())?;
    let path = PathBuf::from(path).canonicalize().map_err(|error| format!("`{path}`: {error}"))?;
    Ok((name, path))
}

/// Brings the sandbox up.
///
/// # Errors
/// When a component cannot be had, or a process does not become ready.
pub fn run(context: &mut Context<'_>, args: &UpArgs) -> Result<ExitCode, CliError> {
    let sandbox = args.name.sandbox(context)?;
    let kstack = std::env::current_exe().map_err(|error| CliError::new(ErrorKind::External, error))?;
    let settings = UpSettings {
        driver: match args.driver {
            DriverArg::Auto => DriverChoice::Auto,
            DriverArg::Process => DriverChoice::Process,
            DriverArg::Kind => DriverChoice::Kind,
        },
        engine: match args.engine {
            _ if args.kubernetes_only => EngineKind::None,
            EngineArg::Flux => EngineKind::Flux,
            EngineArg::Argocd => EngineKind::Argocd,
        },
        components: args.components.settings(context)?,
        kstack,
        git_repositories: args.git_repositories.iter().cloned().collect::<BTreeMap<_, _>>(),
    };
    let report = Report::new(context.ui);
    let ready = context.block_on(sandbox.up(&settings, &|event| report.event(&event)));
    report.finish();
    let ready = ready?;
    let kubeconfig = ready.kubeconfig.display().to_string();
    let took = ready.elapsed.as_secs_f64();
    if context.ui.is_json() {
        context.ui.json(&serde_json::json!({
            "type": "sandbox-ready", "version": 1, "name": sandbox.name(), "kubeconfig": kubeconfig,
            "context": sandbox.context(), "started": ready.started, "seconds": took,
        }))?;
    } else if ready.started == 0 {
        context.ui.status(&format!("sandbox `{}` was up already", sandbox.name()));
    } else {
        context.ui.status(&format!("sandbox `{}` is up after {took:.1} s", sandbox.name()));
    }
    context.ui.hint(&format!("use it with `export KUBECONFIG={kubeconfig}`"));
    Ok(ExitCode::Done)
}
