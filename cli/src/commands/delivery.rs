//! What `apply`, `sync` and `ci` share: how clusters are reached and handed over, and what is said of it.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use secrecy::SecretString;

use crate::{
    closure,
    error::{CliError, ErrorKind},
    exit::ExitCode,
    pipeline::{HandedOver, HandoffRequest, Site},
    platform::{EnvironmentName, Instance, Platform},
    repo::CommitId,
    sandbox::Sandbox,
    sync::{ClusterAccess, GitCredential, Outcome, SyncError},
    ui::SyncReporter,
};

use super::Context;

/// How a cluster is reached when its stack's outputs do not say so, or say it wrongly.
#[derive(Debug, Clone, clap::Args)]
pub struct AccessArgs {
    /// Reach the cluster with this kubeconfig instead of by its stack's outputs
    #[arg(long, env = "KSTACK_KUBECONFIG", value_name = "FILE", hide_env_values = true)]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    context: Option<String>,
}

impl AccessArgs {
    /// The cluster's address, if the user gave one.
    pub fn access(&self, context: &Context<'_>) -> Option<ClusterAccess> {
        let path = context.directory.join(self.kubeconfig.as_ref()?);
        Some(ClusterAccess::Kubeconfig { path, context: self.context.clone() })
    }
}

/// How clusters are reached, and what their engine reads the repository with.
#[derive(Debug, Clone, clap::Args)]
pub struct DeliveryArgs {
    #[command(flatten)]
    access: AccessArgs,
    /// Give the engine this long to deliver the commit
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
    /// User name with which the engine reads the repository; the password or token is read from `KSTACK_GIT_PASSWORD`
    #[arg(long, env = "KSTACK_GIT_USERNAME", value_name = "NAME", default_value = "git", hide_env_values = true)]
    git_username: String,
    /// Private key with which the engine reads the repository over SSH
    #[arg(long, value_name = "FILE", requires = "known_hosts")]
    deploy_key: Option<PathBuf>,
    /// The repository server's lines of `known_hosts`
    #[arg(long, value_name = "FILE", requires = "deploy_key")]
    known_hosts: Option<PathBuf>,
}

impl DeliveryArgs {
    /// The cluster's address, if the user gave one.
    pub fn access(&self, context: &Context<'_>) -> Option<ClusterAccess> {
        self.access.access(context)
    }

    /// The engine's Git credential: the one that the user gave, or that of the sandbox which serves `repository`.
    /// The password is never an argument: those can be seen by every user of the machine.
    ///
    /// # Errors
    /// When a key file cannot be read.
    pub fn credential(&self, context: &Context<'_>, repository: &str) -> Result<Option<GitCredential>, CliError> {
        let read = |path: &PathBuf| {
            let path = context.directory.join(path);
            std::fs::read_to_string(&path).map_err(|source| CliError::from(SyncError::Read { path, source }))
        };
        if let (Some(key), Some(hosts)) = (&self.deploy_key, &self.known_hosts) {
            let identity = SecretString::from(read(key)?);
            return Ok(Some(GitCredential::Ssh { identity, known_hosts: read(hosts)? }));
        }
        if let Some(password) = std::env::var("KSTACK_GIT_PASSWORD").ok().filter(|password| !password.is_empty()) {
            let username = self.git_username.clone();
            return Ok(Some(GitCredential::Basic { username, password: SecretString::from(password) }));
        }
        let served = Sandbox::serving(&context.home()?, repository)?;
        Ok(served
            .map(|server| GitCredential::Basic { username: server.git_user.to_owned(), password: server.git_token }))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| "it must not be negative".to_owned())
}

/// The platform as `commit` has it.
///
/// # Errors
/// When the commit holds no platform, or a broken one.
pub fn platform(site: &Site, commit: CommitId) -> Result<Platform, CliError> {
    Ok(closure::load_platform(&site.repository().commit_snapshot(commit)?)?)
}

/// The environment that the user named, or the platform's first.
///
/// # Errors
/// When the platform has none.
pub fn environment(platform: &Platform, named: Option<&EnvironmentName>) -> Result<EnvironmentName, CliError> {
    if let Some(name) = named {
        return Ok(name.clone());
    }
    let first = platform.environments.first().map(|environment| environment.name.clone());
    first.ok_or_else(|| CliError::user("the platform has no environment"))
}

/// Hands clusters over, waits, and says how it went.
///
/// # Errors
/// When a cluster cannot be reached or taken over, or its engine cannot deliver the commit.
pub fn hand_over(context: &Context<'_>, site: &Site, request: &HandoffRequest) -> Result<ExitCode, CliError> {
    let reporter: Mutex<Option<(Instance, SyncReporter<'_>)>> = Mutex::default();
    let sink = |instance: &Instance, event| {
        let mut current = reporter.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|(known, _)| known != instance) {
            *current = Some((instance.clone(), SyncReporter::new(context.ui, &instance.to_string())));
        }
        if let Some((_, reporter)) = &*current {
            reporter.event(&event);
        }
    };
    // Every request can be repeated, so an interrupted hand-over is finished by the next one.
    let clusters = context.block_on(async {
        tokio::select! {
            done = site.hand_over(request, &sink) => done.map_err(CliError::from),
            _ = tokio::signal::ctrl_c() => {
                Err(CliError::new(ErrorKind::Interrupted, "interrupted; the engine goes on by itself")
                    .hint("run it again to wait for it"))
            }
        }
    })?;
    drop(reporter);
    let mut code = ExitCode::Done;
    for cluster in clusters {
        conclude(context, cluster, &mut code)?;
    }
    Ok(code)
}

fn conclude(context: &Context<'_>, cluster: HandedOver, code: &mut ExitCode) -> Result<(), CliError> {
    if context.ui.is_json() {
        context.ui.json(&serde_json::json!({ "type": "sync", "version": 1, "cluster": cluster }))?;
    }
    let Some(report) = cluster.report else { return Ok(()) };
    match report.outcome {
        Outcome::Ready if !context.ui.is_json() => {
            let (count, revision) = (report.objects.len(), &report.revision);
            context.ui.data(&format!("{}: synced `{revision}`, {count} objects ready", cluster.instance));
        }
        Outcome::Ready => {}
        Outcome::Failed => return Err(report.into()),
        Outcome::TimedOut | Outcome::Suspended => {
            context.ui.error(&report.into());
            *code = ExitCode::Different;
        }
    }
    Ok(())
}
