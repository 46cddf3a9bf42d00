//! `kstack sandbox down`.

use super::{NameArg, report::Report};
use crate::{commands::Context, error::CliError, exit::ExitCode, sandbox::Remains};

/// Options of `kstack sandbox down`.
#[derive(Debug, clap::Args)]
pub struct DownArgs {
    #[command(flatten)]
    name: NameArg,
    /// Keep its data, so that the next `up` goes on with the same cluster
    #[arg(long)]
    keep: bool,
}

/// Takes the sandbox down.
///
/// # Errors
/// When there is none of that name, or a process cannot be ended.
pub fn run(context: &mut Context<'_>, args: &DownArgs) -> Result<ExitCode, CliError> {
    let sandbox = args.name.sandbox(context)?;
    let remains = if args.keep { Remains::Data } else { Remains::Nothing };
    let report = Report::new(context.ui);
    let outcome = context.block_on(sandbox.down(remains, &|event| report.event(&event)));
    report.finish();
    outcome?;
    let (name, kept) = (sandbox.name(), if args.keep { ", its data is kept" } else { "" });
    if context.ui.is_json() {
        context.ui.json(&serde_json::json!({
            "type": "sandbox-down", "version": 1, "name": name, "kept": args.keep,
        }))?;
    } else {
        context.ui.status(&format!("sandbox `{name}` is down{kept}"));
    }
    Ok(ExitCode::Done)
}
