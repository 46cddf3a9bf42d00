//! `kstack add app`.

use super::Context;
use crate::{
    commands::change::{self, PreviewArg, SelectionArgs},
    error::CliError,
    exit::ExitCode,
    platform::AppName,
    scaffold::{Image, NewApp, add_app},
};

/// An image to begin with: podinfo, a small web server made for trying out clusters.
const SAMPLE: &str =
    "ghcr.io/stefanprodan/podinfo:6.9.1@sha256:262578cde928d5c9eba3bce079976444f624c13ed0afb741d90d5423877496cb";

/// Add an app to clusters
///
/// Writes a Deployment and a Service that fit the strictest pod security, and an overlay for each environment that says
/// which version runs there. `kstack promote app` changes that version, and so may a pipeline: by a commit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kstack add app shop --image ghcr.io/acme/shop:1.2.3 --port 8080
  kstack add app shop --image ghcr.io/acme/shop:1.2.3 --environment ops --namespace web")]
pub struct AddAppArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: AppName,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Image that it runs, with a tag or a digest
    #[arg(long, value_name = "IMAGE", default_value = SAMPLE)]
    image: Image,
    /// Port that it listens on
    #[arg(long, value_name = "PORT", default_value_t = 9898, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Namespace of the team that it belongs to [default: the only one]
    #[arg(long, alias = "team", value_name = "NAME")]
    namespace: Option<String>,
    /// Let the engine decrypt files with SOPS, by the key in the Secret `sops-age`
    #[arg(long)]
    sops: bool,
    #[command(flatten)]
    preview: PreviewArg,
}

/// Adds an app.
///
/// # Errors
/// When there is no such cluster or namespace, or a file cannot be written.
pub(super) fn run(context: &Context<'_>, args: &AddAppArgs) -> Result<ExitCode, CliError> {
    let assets = change::assets()?;
    let mut workspace = change::open(context)?;
    let app = NewApp {
        name: args.name.clone(),
        image: args.image.clone(),
        port: args.port,
        namespace: args.namespace.clone(),
        sops: args.sops,
    };
    let added = add_app(&mut workspace, &assets, &app, &args.selection.selection())?;
    change::finish(context, &workspace, &args.preview)?;
    if added.is_empty() {
        context.ui.status(&format!("these clusters have `{}` already", args.name));
    } else {
        let places = change::places(&added);
        change::told(context, &args.preview, "added", "would add", &format!("`{}` to {places}", args.name));
    }
    Ok(ExitCode::Done)
}
