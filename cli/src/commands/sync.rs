//! `kstack sync`.

use std::{path::PathBuf, time::Duration};

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;

use super::{Context, registry::ClusterArgs};
use crate::{
    error::{CliError, ErrorKind},
    exit::ExitCode,
    sync::{self, Cluster, GitCredential, Handoff, HandoffSettings, Mode, Outcome, SyncReport, WaitSettings},
    ui::SyncReporter,
};

/// Options of `kstack sync`.
///
/// Exit codes: 0 the cluster holds the commit · 1 something failed · 2 the cluster does not hold it yet: the time
/// was over, or something is suspended.
#[derive(Debug, clap::Args)]
pub struct SyncArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Give the engine this long
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    /// Wait until the engine has delivered the commit
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    wait: bool,
    /// Show what would be applied and write nothing
    #[arg(long)]
    dry_run: bool,
    /// User name with which the engine reads the repository; the password or token is read from `KSTACK_GIT_PASSWORD`
    #[arg(long, env = "KSTACK_GIT_USERNAME", value_name = "NAME", default_value = "git")]
    git_username: String,
    /// Private key with which the engine reads the repository over SSH
    #[arg(long, value_name = "FILE", requires = "known_hosts")]
    deploy_key: Option<PathBuf>,
    /// The repository server's lines of `known_hosts`
    #[arg(long, value_name = "FILE", requires = "deploy_key")]
    known_hosts: Option<PathBuf>,
}

/// Hands the cluster over and waits.
///
/// # Errors
/// When the registry is not complete, the cluster cannot be reached or refuses, or the engine cannot deliver.
pub fn run(context: &mut Context<'_>, args: &SyncArgs) -> Result<ExitCode, CliError> {
    let registry = args.cluster.registry(&context.directory)?;
    let revision = registry.revision();
    let settings = HandoffSettings {
        credential: args.credential()?,
        cluster_info: None,
        mode: if args.dry_run { Mode::DryRun } else { Mode::Apply },
        engine_timeout: args.timeout,
        files: registry.files,
    };
    let root = settings.files.root().clone();
    let waiting = (args.wait && !args.dry_run).then(|| WaitSettings::new(root, revision, args.timeout));
    let access = args.cluster.access()?;
    let reporter = SyncReporter::new(context.ui, &registry.name);
    let sink = |event| reporter.event(&event);
    let (handoff, report) = context.block_on(interruptible(async {
        let cluster: Cluster = sync::connect(&access).await?;
        match &waiting {
            Some(waiting) => {
                sync::sync(&cluster, &settings, waiting, &sink).await.map(|(done, report)| (done, Some(report)))
            }
            None => sync::handoff(&cluster, &settings, &sink).await.map(|done| (done, None)),
        }
    }))?;
    drop(reporter);
    conclude(context, handoff, report)
}

fn conclude(context: &Context<'_>, handoff: Handoff, report: Option<SyncReport>) -> Result<ExitCode, CliError> {
    if context.ui.is_json() {
        let outcome = report.as_ref().map(|report| report.outcome);
        context.ui.json(&json!({
            "type": "sync", "version": 1, "outcome": outcome, "changed": handoff.is_change(), "handoff": handoff, "report": report,
        }))?;
    }
    let Some(report) = report else { return Ok(ExitCode::Done) };
    match report.outcome {
        Outcome::Ready => {
            if !context.ui.is_json() {
                context.ui.data(&format!("synced `{}`: {} objects ready", report.revision, report.objects.len()));
            }
            Ok(ExitCode::Done)
        }
        Outcome::Failed => Err(report.into()),
        Outcome::TimedOut | Outcome::Suspended => {
            context.ui.error(&report.into());
            Ok(ExitCode::Different)
        }
    }
}

impl SyncArgs {
    fn credential(&self) -> Result<Option<GitCredential>, CliError> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .map_err(|source| CliError::from(sync::SyncError::Read { path: path.clone(), source }))
        };
        // Never an argument: those can be seen by every user of the machine.
        let password = std::env::var("KSTACK_GIT_PASSWORD").ok().filter(|password| !password.is_empty());
        match (&self.deploy_key, &self.known_hosts, password) {
            (Some(key), Some(hosts), _) => {
                Ok(Some(GitCredential::Ssh { identity: SecretString::from(read(key)?), known_hosts: read(hosts)? }))
            }
            (_, _, Some(password)) => Ok(Some(GitCredential::Basic {
                username: self.git_username.clone(),
                password: SecretString::from(password),
            })),
            _ => Ok(None),
        }
    }
}

/// Runs `work` until Ctrl-C. Every request is one that can be repeated, so the next run goes on from there.
async fn interruptible<T>(work: impl Future<Output = Result<T, sync::SyncError>>) -> Result<T, CliError> {
    tokio::select! {
        done = work => Ok(done?),
        _ = tokio::signal::ctrl_c() => Err(CliError::new(ErrorKind::Interrupted, "interrupted; the engine goes on by itself")),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| "it must not be negative".to_owned())
}
