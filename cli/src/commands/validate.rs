//! `kstack validate`.

use super::Context;
use crate::{
    check::{self, Files},
    error::CliError,
    exit::ExitCode,
    ui::diagnostic_document,
};

/// Check the platform's files without touching anything
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Also run `terraform fmt -check` and `terraform validate` on every stack
    #[arg(long)]
    terraform: bool,
}

/// Checks the files of the platform and reports all problems at once.
///
/// # Errors
/// When there is no platform, a file cannot be read, or anything is wrong.
pub fn run(context: &mut Context<'_>, args: &ValidateArgs) -> Result<ExitCode, CliError> {
    let root = context.platform_root();
    let files = Files::read(root)?;
    let mut report = check::repository(&files);
    if args.terraform && report.problems.is_empty() {
        let work = context.cache()?.join("validate").join(root.strip_prefix("/").unwrap_or(root));
        report.problems = check::terraform(root, &files, &work)?;
    }
    for buried in &report.buried {
        context.ui.warn(&buried.to_string());
    }
    context.ui.warnings(&report.warnings);
    if !report.problems.is_empty() {
        return Err(report.into());
    }
    if context.ui.is_json() {
        context.ui.json(&serde_json::json!({
            "type": "validate", "version": 1, "files": report.files, "stacks": report.stacks,
            "environments": report.environments, "terraform": args.terraform,
            "warnings": report.warnings.iter().map(diagnostic_document).collect::<Vec<_>>(),
        }))?;
    } else {
        context.ui.data(&format!("valid: {}", report.extent()));
    }
    Ok(ExitCode::Done)
}
