//! `kstack explain`.

use super::Context;
use crate::{
    check::{self, Files, Sources},
    error::CliError,
    exit::ExitCode,
    hcl::did_you_mean,
    platform::{
        Instance,
        configuration::{ModuleCall, explain},
    },
    ui::explanation,
};

/// Show the settings of a cluster in each environment, and which line set each
///
/// Settings are inherited: the outcome of all that a stack's files say is shown, with defaults of the modules, and
/// what is overridden. What only Terraform can tell is shown as the expression that stands in the file.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The cluster, or any stack: its folder below `infra/`
    cluster: String,
    /// Only this setting and what is below it, such as `network.cidr`, `node_pool_default` or
    /// `node_pool_default.min_size`
    key: Option<String>,
    /// Only this environment
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
}

/// Explains.
///
/// # Errors
/// When the platform cannot be read, or has no such stack, environment or setting.
pub fn run(context: &mut Context<'_>, args: &ExplainArgs) -> Result<ExitCode, CliError> {
    let files = Files::read(context.platform_root())?;
    let sources = Sources::parse(&files)?;
    let Some(stack) = sources.stacks.iter().find(|stack| stack.name.as_str() == args.cluster) else {
        let names: Vec<&str> = sources.stacks.iter().map(|stack| stack.name.as_str()).collect();
        return Err(unknown("stack", &args.cluster, &names));
    };
    let instances = stack.instances(&sources.platform.environments);
    let all: Vec<&str> =
        instances.iter().filter_map(|Instance { environment, .. }| Some(environment.as_ref()?.as_str())).collect();
    let environments = match &args.environment {
        None => all,
        Some(wanted) if all.contains(&wanted.as_str()) => vec![wanted.as_str()],
        Some(wanted) => return Err(unknown("environment", wanted, &all)),
    };
    let calls = ModuleCall::of_stack(&sources.documents, &stack.name);
    if calls.is_empty() {
        let message = format!("stack `{}` calls no module that has settings by environment", stack.name);
        return Err(CliError::user(message).hint("`kstack list` shows the clusters"));
    }
    let explanations = explain(&sources.documents, &calls, &environments, args.key.as_deref())?;
    for (index, found) in explanations.iter().enumerate() {
        if context.ui.is_json() {
            for document in explanation::documents(&args.cluster, found) {
                context.ui.json(&document)?;
            }
        } else {
            let gap = if index > 0 { "\n" } else { "" };
            context.ui.data(&format!("{gap}{}", explanation::table(*context.ui.styles(), found, environments.len())));
        }
    }
    // A setting that no module knows holds nowhere, so the table cannot show it.
    if !check::repository(&files).problems.is_empty() {
        context
            .ui
            .warn("settings that are wrong are not in here: `kstack validate` shows what is wrong with the platform");
    }
    Ok(ExitCode::Done)
}

fn unknown(what: &str, name: &str, known: &[&str]) -> CliError {
    let error = CliError::user(format!("there is no {what} `{name}`"));
    match did_you_mean(name, known) {
        Some(help) => error.hint(help),
        None => error,
    }
}
