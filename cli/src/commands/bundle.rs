//! `kstack bundle`.

use serde_json::json;

use super::{Context, plan, setup};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{BundleRequest, Inspected, Manifest, PlanReport, Planned, Site, WhichBundle},
    platform::EnvironmentName,
    repo::Repository,
    review::Review,
    ui::Table,
};

/// Look at a reviewed plan, and whether it would be applied
#[derive(Debug, clap::Args)]
pub struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BundleCommand {
    /// Show what was reviewed, and what the plan is bound to
    Show(WhichArgs),
    /// Tell whether the plan would be applied now, field by field; exit with 1 when it would not
    Verify(WhichArgs),
}

#[derive(Debug, clap::Args)]
struct WhichArgs {
    /// A stack, a key in the plan store, or a file
    #[arg(value_name = "STACK|KEY|FILE")]
    which: String,
    /// Environment that the plan is for [default: the one that the key begins with, or the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// The commit that would be applied
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    commit: String,
}

/// Shows or checks one bundle. Sealed ones are opened with the keys in the environment.
///
/// # Errors
/// When there is no such bundle, or it cannot be opened.
pub fn run(context: &mut Context<'_>, args: &BundleArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        BundleCommand::Show(args) => show(context, args),
        BundleCommand::Verify(args) => verify(context, args),
    }
}

fn request(context: &Context<'_>, repository: &Repository, args: &WhichArgs) -> Result<BundleRequest, CliError> {
    let path = context.directory.join(&args.which);
    let which = if path.is_file() {
        WhichBundle::File(path)
    } else if args.which.contains('/') {
        WhichBundle::Key(args.which.clone())
    } else {
        let stack = args.which.parse().map_err(|_| {
            CliError::usage(format!("`{}` is neither a file, a key nor the name of a stack", args.which))
        })?;
        WhichBundle::Stack(stack)
    };
    let commit = repository.resolve(&args.commit)?;
    Ok(BundleRequest { which, environment: args.environment.clone(), commit })
}

fn show(context: &Context<'_>, args: &WhichArgs) -> Result<ExitCode, CliError> {
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let request = request(context, site.repository(), args)?;
    let Inspected { place, bundle } = context.block_on(site.bundle(&request))?;
    let manifest = &bundle.manifest;
    if context.ui.is_json() {
        context.ui.json(&json!({
            "type": "bundle", "version": 1, "place": place, "sealed": bundle.sealed, "manifest": manifest,
        }))?;
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(*context.ui.styles(), &["field", "reviewed"]);
    for (field, value) in lines(manifest) {
        table.row([field.to_owned(), value]);
    }
    context.ui.data(&format!("{place}{}\n", if bundle.sealed { " (sealed)" } else { "" }));
    context.ui.data(&table.render());
    context.ui.data(&format!("\n{}", Review::new(&plan::input(&report(manifest))).terminal(context.ui.styles())));
    Ok(ExitCode::Done)
}

fn verify(context: &Context<'_>, args: &WhichArgs) -> Result<ExitCode, CliError> {
    let workshop = setup::workshop(context)?;
    let request = request(context, workshop.site().repository(), args)?;
    let verdict = context.block_on(workshop.verify(&request))?;
    if context.ui.is_json() {
        let (commit, fits) = (request.commit, verdict.fits());
        context.ui.json(&json!({
            "type": "bundle-verdict", "version": 1, "commit": commit, "fits": fits, "verdict": verdict,
        }))?;
    } else {
        let styles = *context.ui.styles();
        let mut table = Table::new(styles, &["", "field", "reviewed", "found"]);
        for check in &verdict.checks {
            let sign = if check.fits { styles.good("✓") } else { styles.error("✗") };
            let found = if check.fits && check.found == check.reviewed { "the same" } else { &check.found };
            table.row([sign, check.field.to_string(), short(&check.reviewed), short(found)]);
        }
        context.ui.data(&format!("{}\n", verdict.place));
        context.ui.data(&table.render());
        let word = if verdict.fits() { "would be applied" } else { "would not be applied" };
        context.ui.data(&format!("\n{}: this plan {word}", verdict.instance));
    }
    Ok(if verdict.fits() { ExitCode::Done } else { ExitCode::Failed })
}

/// A text with its hashes cut to what people compare.
fn short(text: &str) -> String {
    let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = text.split(' ').map(|word| if is_hash(&word) { format!("{}…", &word[..16]) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

/// What the plan is bound to, for people.
fn lines(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let state = match &manifest.state {
        Some(state) => format!("serial {} of {}", state.serial, state.lineage),
        None => "none".to_owned(),
    };
    let providers = manifest.providers.iter().map(|(address, provider)| format!("{address} {}", provider.version));
    let mut lines = vec![
        ("instance", manifest.instance.to_string()),
        ("purpose", if manifest.destroy { "to destroy the stack" } else { "to keep the stack" }.to_owned()),
        ("commit", manifest.commit.clone()),
        ("base", manifest.base.clone().unwrap_or_else(|| "none".to_owned())),
        ("closure", format!("{} ({} files)", manifest.closure, manifest.files.len())),
        ("state", state),
        ("program", format!("{} {}", manifest.terraform.product, manifest.terraform.version)),
        ("providers", providers.collect::<Vec<_>>().join(", ")),
        ("policy", manifest.policy.clone()),
        ("plan", manifest.plan_sha256.clone()),
        ("planned", format!("{} by kstack {}", manifest.created, manifest.kstack)),
    ];
    if !manifest.mocked.is_empty() {
        lines.push(("made-up inputs", manifest.mocked.join(", ")));
    }
    lines.retain(|(_, value)| !value.is_empty());
    lines
}

/// The plan as `kstack plan` reported it.
fn report(manifest: &Manifest) -> PlanReport {
    let kind = if manifest.destroy { crate::closure::Kind::Removed } else { crate::closure::Kind::Changed };
    let planned = Planned {
        instance: manifest.instance.clone(),
        kind,
        reasons: Vec::new(),
        notices: Vec::new(),
        protect: Vec::new(),
        result: manifest.result(),
        findings: Vec::new(),
    };
    PlanReport {
        commit: None,
        plan_stores: Vec::new(),
        instances: vec![planned],
        notices: Vec::new(),
        protect: Vec::new(),
    }
}
