//! `kstack init`.

mod manifests;
mod place;
mod questions;
mod report;

use std::path::{Path, PathBuf};

use super::{Context, components::ComponentArgs, interrupt};
use crate::{
    error::CliError,
    exit::ExitCode,
    scaffold::{self, Assets, Cluster, Provider},
};

/// Scaffold a platform repository
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is not given is asked for on a terminal.

Examples:
  # One cluster on this machine
  kstack init acme --provider local --repository https://git.example.com/acme/platform

  # Two clusters at AWS, the second one in zones a and b
  kstack init acme --cluster aws:gc0:eu-west-1 --cluster aws:gc1:us-east-2:a,b \\
      --base-domain platform.example.com --state s3://acme-state \\
      --repository https://github.com/acme/platform

  # Three clouds, with state at Google
  kstack init acme --cluster aws:gc0:eu-west-1 --cluster google:gc0:europe-west1 \\
      --cluster azure:gc0:westeurope --google-project acme-platform \\
      --azure-subscription 00000000-0000-0000-0000-000000000000 \\
      --base-domain platform.example.com --state gs://acme-state \\
      --repository https://gitlab.com/acme/platform

  # Networks, node pools and versions as well: in a file, which the first command writes
  kstack init --print-answers --provider aws --region eu-west-1 … > answers.hcl
  kstack init acme --answers answers.hcl")]
pub struct InitArgs {
    /// Folder of the new platform
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// File of answers in the words of kstack.hcl, `-` for standard input; flags take the place of what it says
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Print a file of answers that makes the same platform again, and write nothing
    #[arg(long, conflicts_with = "dry_run")]
    print_answers: bool,
    /// Cluster to scaffold: `local:NAME` or `aws|google|azure:NAME:REGION[:ZONES]`; can be repeated
    #[arg(long = "cluster", value_name = "CLUSTER")]
    clusters: Vec<Cluster>,
    /// Scaffold one cluster called `gc0` of this provider: `aws`, `google`, `azure` or `local`
    #[arg(long, value_name = "PROVIDER", conflicts_with = "clusters")]
    provider: Option<Provider>,
    /// Region of the cluster that `--provider` scaffolds
    #[arg(long, value_name = "REGION", requires = "provider")]
    region: Option<String>,
    /// Project of the clusters at Google
    #[arg(long, value_name = "ID")]
    google_project: Option<String>,
    /// Subscription of the clusters in Azure
    #[arg(long, value_name = "ID")]
    azure_subscription: Option<String>,
    /// Name of the platform [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Environments in the order of promotion [default: ops,apps]
    #[arg(long, value_name = "NAMES")]
    environments: Option<String>,
    /// DNS domain of the clusters [default for local clusters: NAME.localhost]
    #[arg(long, value_name = "DOMAIN")]
    base_domain: Option<String>,
    /// Address that the engines in the clusters pull the repository from
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Branch that reviewed changes are merged into [default: main]
    #[arg(long, value_name = "BRANCH")]
    default_branch: Option<String>,
    /// Where Terraform state lives: `local`, `s3://BUCKET[?region=REGION]`, `gs://BUCKET` or
    /// `az://ACCOUNT/CONTAINER?resource_group=NAME` [default for local clusters: local]
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Where the repository is reviewed: `github`, `gitlab`, `gitea` or `none`, with `=URL` for one of your own
    /// [default: by the repository's host]
    #[arg(long, value_name = "FORGE")]
    forge: Option<String>,
    /// Manage the repository on GitHub or GitLab as well, as `infra/repository`: protection, deploy key, webhook
    #[arg(long)]
    manage_repository: bool,
    /// Write workflow templates for Argo Workflows as well, as `pipeline/argo-workflows`: plan in shards, apply
    #[arg(long)]
    argo_workflows: bool,
    /// Engine in the clusters: `flux`, `argocd` (its core) or `argocd:full` [default: flux]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Install manifests of the engine [default: fetched once and kept]
    #[arg(long, value_name = "FILE")]
    engine_manifests: Option<PathBuf>,
    #[command(flatten)]
    components: ComponentArgs,
    /// Write into a folder that holds something already; files in the way are still refused
    #[arg(long)]
    allow_non_empty: bool,
    /// Replace files that are in the way
    #[arg(long)]
    overwrite: bool,
    /// Make the platform a repository of its own inside of another one
    #[arg(long)]
    allow_nested: bool,
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
    let assets = match std::env::var_os("KSTACK_TEMPLATES_DIR") {
        Some(folder) => Assets::from_folder(Path::new(&folder))?,
        None => Assets::embedded(),
    };
    let is_repository = !args.print_answers && place::check(&root, args)?;
    let draft = questions::draft(context, args, &root)?;
    // From here on an interrupt gives the terminal back as it was, and leaves nothing half written.
    let interrupt = interrupt::listen(context)?;
    let answers = questions::settle(context, draft, &interrupt)?;
    if args.print_answers {
        context.ui.data(&scaffold::answers_file(&answers, &assets)?);
        return Ok(ExitCode::Done);
    }
    let manifests = manifests::of_engine(context, args, &answers.engine, &interrupt)?;
    let changes = scaffold::platform(&answers, &assets, &manifests)?;
    let replaced = changes.conflicts(&root);
    if interrupt.is_raised() {
        return Err(questions::interrupted());
    }
    if !args.dry_run {
        let branch = (!args.no_git && !is_repository).then_some(answers.default_branch.as_str());
        place::write(&changes, &root, args, branch)?;
    }
    report::report(context, args, &answers, &changes, &replaced)?;
    Ok(ExitCode::Done)
}
