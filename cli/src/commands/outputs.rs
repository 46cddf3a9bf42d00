//! `kstack outputs`.

use std::collections::BTreeSet;

use crate::{
    error::CliError,
    exit::ExitCode,
    hcl::did_you_mean,
    pipeline::{Event, InstanceOutputs, OutputSelection, Site, unreadable},
    platform::{EnvironmentName, StackName},
    repo::Repository,
    terraform::StateOutput,
    ui::outputs,
};

use super::{Context, interrupt, setup};

/// Show what stacks output, read from their states
///
/// States are read where they lie, without Terraform and its providers; only those that OpenTofu encrypted are left
/// to `tofu`. Sensitive values are masked unless they are asked for.
#[derive(Debug, clap::Args)]
pub struct OutputsArgs {
    /// The stack; all when absent
    stack: Option<StackName>,
    /// Only this output
    name: Option<String>,
    /// The environment; can be given several times [default: the first, or the first that the stack is in]
    #[arg(short, long = "environment", value_name = "NAME")]
    environments: Vec<EnvironmentName>,
    /// All environments
    #[arg(long, conflicts_with_all = ["environments", "raw"])]
    all: bool,
    /// Print the value of one output and nothing else: a text, number or boolean as it is, sensitive or not
    #[arg(long, requires = "name")]
    raw: bool,
    /// Show sensitive values as well
    #[arg(long)]
    show_sensitive: bool,
}

/// Reads the states and prints what they output.
///
/// # Errors
/// When a state cannot be read, or the stack, its state or the output is not there.
pub fn run(context: &mut Context<'_>, args: &OutputsArgs) -> Result<ExitCode, CliError> {
    if args.raw && context.ui.is_json() {
        return Err(CliError::usage("`--raw` and `--format json` are two forms of the same"));
    }
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let selection =
        OutputSelection { environments: args.environments.clone(), everywhere: args.all, stack: args.stack.clone() };
    let mut found = context.block_on(site.outputs(&selection))?;
    if found.iter().any(InstanceOutputs::is_encrypted) {
        decrypt(context, &mut found)?;
    }
    if let Some(name) = &args.name
        && !known(name, &found)?
    {
        return unreadable(found).map_or(Ok(ExitCode::Done), |error| Err(error.into()));
    }
    let wanted = |name: &str| args.name.as_ref().is_none_or(|wanted| wanted == name);
    let styles = *context.ui.styles();
    match (&args.name, found.as_slice()) {
        (Some(name), found) if args.raw => context.ui.raw(&raw(name, found)?),
        (_, found) if context.ui.is_json() => {
            for one in found {
                context.ui.json(&outputs::document(one, wanted, args.show_sensitive))?;
            }
        }
        (Some(name), [one]) => {
            if let Some(output) = output(one, name) {
                context.ui.data(&outputs::value(styles, output, args.show_sensitive));
            }
        }
        (_, found) if !found.is_empty() && found.iter().all(|one| one.state.is_err()) => {}
        (_, []) => context.ui.status("there are no stacks below `infra/` yet"),
        (_, found) => context.ui.data(&outputs::table(styles, found, wanted, args.show_sensitive)),
    }
    unreadable(found).map_or(Ok(ExitCode::Done), |error| Err(error.into()))
}

/// Lets `tofu` read what it encrypted, if it is the program that is set.
fn decrypt(context: &mut Context<'_>, found: &mut [InstanceOutputs]) -> Result<(), CliError> {
    // Without a program the error of the state stays, and says what is needed.
    let Ok(workshop) = setup::workshop(context) else { return Ok(()) };
    let interrupt = interrupt::listen(context)?;
    let said = |event| {
        if let Event::Notice { message } = event {
            context.ui.status(&message);
        }
    };
    Ok(context.block_on(workshop.decrypt(found, &interrupt, &said))?)
}

fn output<'a>(found: &'a InstanceOutputs, name: &str) -> Option<&'a StateOutput> {
    found.readable()?.outputs.get(name)
}

/// The one value that `--raw` stands for.
fn raw(name: &str, found: &[InstanceOutputs]) -> Result<String, CliError> {
    let mut having = found.iter().filter_map(|one| output(one, name));
    match (having.next(), having.next()) {
        (Some(output), None) => outputs::raw(output).ok_or_else(|| {
            CliError::user(format!("output `{name}` is neither a text, a number nor a boolean"))
                .hint("`--format json` prints what it is")
        }),
        _ => Err(CliError::usage("`--raw` prints one value: name one environment with `--environment`")),
    }
}

/// Whether any of the instances outputs the name; refuses one that surely none of them does.
fn known(name: &str, found: &[InstanceOutputs]) -> Result<bool, CliError> {
    if found.iter().any(|one| output(one, name).is_some()) {
        return Ok(true);
    }
    if found.iter().any(|one| one.state.is_err()) {
        return Ok(false);
    }
    let states = found.iter().filter_map(InstanceOutputs::readable);
    let names: BTreeSet<&str> = states.flat_map(|state| state.outputs.keys()).map(String::as_str).collect();
    let whose = found.first().map(|one| one.instance.to_string()).unwrap_or_default();
    let error = CliError::user(format!("{whose} has no output `{name}`"));
    Err(match did_you_mean(name, &names.into_iter().collect::<Vec<_>>()) {
        Some(help) => error.hint(help),
        None => error.hint("an output that is new in the configuration is there after `kstack apply`"),
    })
}
