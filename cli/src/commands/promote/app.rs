//! `kstack promote app`.

use super::Context;
use crate::{
    commands::change::{self, PreviewArg},
    error::CliError,
    exit::ExitCode,
    scaffold::{Origin, Version, promote_app},
};

/// Bring an app's version to another environment, or set it
///
/// Changes one line, that of the version in `apps/NAME/ENVIRONMENT/kustomization.yaml`. The change is reviewed and
/// delivered like any other: a pipeline that made a new version calls this with `--version` and commits.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kstack promote app shop --from ops --to apps
  kstack promote app shop --version 1.3.0 --to ops")]
pub struct PromoteAppArgs {
    /// The app
    #[arg(value_name = "NAME")]
    name: String,
    /// Environment whose version it is
    #[arg(long, value_name = "ENVIRONMENT", required_unless_present = "version")]
    from: Option<String>,
    /// Version instead: a tag, a tag with a digest (`1.3.0@sha256:…`), or a digest
    #[arg(long, value_name = "VERSION", conflicts_with = "from")]
    version: Option<Version>,
    /// Environment that gets it
    #[arg(long, value_name = "ENVIRONMENT")]
    to: String,
    #[command(flatten)]
    preview: PreviewArg,
}

/// Promotes an app.
///
/// # Errors
/// When there is no such app or environment, or its overlay does not say one version.
pub(super) fn run(context: &Context<'_>, args: &PromoteAppArgs) -> Result<ExitCode, CliError> {
    let mut workspace = change::open(context)?;
    let origin = match (&args.version, &args.from) {
        (Some(version), _) => Origin::Version(version.clone()),
        (None, from) => Origin::Environment(from.clone().unwrap_or_default()),
    };
    let promoted = promote_app(&mut workspace, &args.name, &origin, &args.to)?;
    let is_changed = change::finish(context, &workspace, &args.preview)?;
    if is_changed {
        let rest = format!("`{}` in {}: {} → {}", args.name, args.to, promoted.before, promoted.after);
        change::told(context, &args.preview, "promoted", "would promote", &rest);
    } else {
        context.ui.status(&format!("`{}` in {} has {} already", args.name, args.to, promoted.after));
    }
    Ok(ExitCode::Done)
}
