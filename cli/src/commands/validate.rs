//! `kstack validate`.

use super::Context;
use crate::{
    check::{self, Files},
    error::{CliError, ErrorKind},
    exit::ExitCode,
    platform::layout,
};

/// Options of `kstack validate`.
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
    let folder = &context.directory;
    let root = folder.ancestors().find(|folder| folder.join(layout::PLATFORM_FILE).is_file()).unwrap_or(folder);
    let files = Files::read(root)?;
    let report = check::repository(&files);
    let terraform = if args.terraform && report.problems.is_empty() {
        let work = context.cache()?.join("validate").join(root.strip_prefix("/").unwrap_or(root));
        check::terraform(root, &files, &work)?
    } else {
        Vec::new()
    };
    match (report.problems.len(), terraform.len()) {
        (0, 0) => {}
        (0, count) => {
            let message = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
            let error = CliError::new(ErrorKind::User, format!("terraform finds {message}"));
            return Err(terraform
                .iter()
                .fold(error, |error, problem| error.hint(format!("{}: {}", problem.place, problem.message))));
        }
        (count, _) => {
            let message = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
            return Err(CliError::user(format!("the platform has {message}")).diagnostics(report.problems));
        }
    }
    if context.ui.is_json() {
        context.ui.json(&serde_json::json!({
            "type": "validate", "version": 1, "files": report.files, "stacks": report.stacks,
            "environments": report.environments, "terraform": args.terraform,
        }))?;
    } else {
        context.ui.data(&format!(
            "valid: {} files, {} stacks, {} environments",
            report.files, report.stacks, report.environments
        ));
    }
    Ok(ExitCode::Done)
}
