//! `kstack init`.

mod place;
mod questions;

use std::path::{Path, PathBuf};

use super::{Context, components::ComponentArgs, sandbox::report::Report};
use crate::{
    error::CliError,
    exit::ExitCode,
    sandbox::Components,
    scaffold::{self, Answers, Assets, ChangeSet, Cluster},
};

/// Scaffold a platform repository
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  kstack init acme --provider local --repository https://git.example.com/acme/platform
  kstack init acme --cluster aws:gc0:eu-west-1 --state s3://acme-state \\
      --base-domain platform.example.com --repository https://github.com/acme/platform")]
pub struct InitArgs {
    /// Folder of the new platform
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Cluster to scaffold: `local:NAME` or `aws:NAME:REGION[:ZONES]`; can be repeated
    #[arg(long = "cluster", value_name = "CLUSTER")]
    clusters: Vec<Cluster>,
    /// Scaffold one cluster called `gc0` of this provider
    #[arg(long, value_name = "PROVIDER", value_parser = ["local", "aws"], conflicts_with = "clusters")]
    provider: Option<String>,
    /// Region of the cluster that `--provider` scaffolds
    #[arg(long, value_name = "REGION", requires = "provider")]
    region: Option<String>,
    /// Name of the platform [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Environments in the order of promotion
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ops,apps")]
    environments: Vec<String>,
    /// DNS domain of the clusters [default for local clusters: NAME.localhost]
    #[arg(long, value_name = "DOMAIN")]
    base_domain: Option<String>,
    /// Address that the engines in the clusters pull the repository from
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Branch that reviewed changes are merged into
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    default_branch: String,
    /// Where Terraform state lives: `local` or `s3://BUCKET[?region=REGION]` [default for local clusters: local]
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Where the repository is reviewed [default: by the repository's host]
    #[arg(long, value_name = "FORGE", value_parser = ["github", "none"])]
    forge: Option<String>,
    /// Install manifests of the engine [default: fetched once and kept]
    #[arg(long, value_name = "FILE")]
    engine_manifests: Option<PathBuf>,
    #[command(flatten)]
    components: ComponentArgs,
    /// Leave out making a Git repository
    #[arg(long)]
    no_git: bool,
    /// Print the files without writing them
    #[arg(long)]
    dry_run: bool,
}

/// Writes a new platform.
///
/// # Errors
/// When an answer is missing or wrong, the folder is taken, or a file cannot be written.
pub fn run(context: &mut Context<'_>, args: &InitArgs) -> Result<ExitCode, CliError> {
    let root = place::settled(context.directory.join(&args.folder));
    let repository = place::refuse_platform(&root, !args.no_git)?;
    let answers = questions::answers(context, args, &root)?;
    let assets = match std::env::var_os("KSTACK_TEMPLATES_DIR") {
        Some(folder) => Assets::from_folder(Path::new(&folder))?,
        None => Assets::embedded(),
    };
    let manifests = engine_manifests(context, args)?;
    let changes = scaffold::platform(&answers, &assets, &manifests)?;
    if !args.dry_run {
        changes.write(&root)?;
        if !args.no_git && repository.is_none() {
            place::create_repository(&root, &answers.default_branch)?;
        }
    }
    report(context, args, &answers, &changes)?;
    Ok(ExitCode::Done)
}

fn engine_manifests(context: &Context<'_>, args: &InitArgs) -> Result<String, CliError> {
    let path = match &args.engine_manifests {
        Some(path) => context.directory.join(path),
        None => {
            let settings = args.components.settings(context)?;
            let report = Report::new(context.ui);
            let sink = |event| report.event(&event);
            let manifests = Components::new(&settings, &sink);
            let fetched = context.block_on(manifests.flux_manifests(scaffold::FLUX_VERSION));
            report.finish();
            fetched.map_err(|error| {
                CliError::from(error).hint("or give the release's `install.yaml` with `--engine-manifests FILE`")
            })?
        }
    };
    std::fs::read_to_string(&path).map_err(|error| {
        CliError::user(format!("cannot read `{}`: {error}", path.display())).hint("give another `--engine-manifests`")
    })
}

fn report(context: &Context<'_>, args: &InitArgs, answers: &Answers, changes: &ChangeSet) -> Result<(), CliError> {
    let ui = &context.ui;
    if ui.is_json() {
        let files: Vec<_> = changes.files().map(|(path, _)| path).collect();
        return ui.json(&serde_json::json!({
            "type": "init", "version": 1, "directory": args.folder, "dry_run": args.dry_run, "files": files,
        }));
    }
    if args.dry_run || ui.is_verbose() {
        changes.files().for_each(|(path, _)| ui.data(path));
    }
    let folder = args.folder.display();
    if args.dry_run {
        ui.status(&format!("would write {} files to `{folder}`", changes.files().len()));
        return Ok(());
    }
    let groups = changes.groups();
    let width = groups.keys().map(String::len).max().unwrap_or_default();
    for (group, count) in &groups {
        let count = if group.ends_with('/') { format!("{count} files") } else { String::new() };
        ui.data(format!("{group:width$}  {count}").trim_end());
    }
    ui.status(&format!("\nwrote {} files to `{folder}`: platform `{}`", changes.files().len(), answers.name));
    ui.status("\nnext:");
    if args.folder != Path::new(".") {
        ui.status(&format!("  cd {folder}"));
    }
    if answers.clusters.iter().any(|cluster| matches!(cluster.place, scaffold::Place::Aws { .. })) {
        ui.status("  read README.md, \"First delivery\": the bucket for state, provider locks, roles");
    }
    ui.status("  git add --all && git commit -m \"Scaffold the platform\"");
    ui.status("  kstack validate");
    ui.status("  kstack plan");
    Ok(())
}
