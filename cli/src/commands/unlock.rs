//! `kstack unlock`.

use crate::{
    error::{CliError, ErrorKind},
    exit::ExitCode,
    pipeline::{LockReport, LockVerdict, Site, UnlockReport, UnlockRequest, Whose},
    platform::EnvironmentName,
    repo::Repository,
};

use super::{Context, delivery};

/// Remove locks that a dead run of kstack left, and no others
///
/// Removed is what the journal proves to be ours and whose holder is known to be dead: the lock of the environment, and
/// Terraform's own locks on its states.
#[derive(Debug, clap::Args)]
pub struct UnlockArgs {
    /// The environment [default: the first]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// This machine is gone for good, with everything that ran on it; can be given several times
    #[arg(long, value_name = "HOST")]
    gone: Vec<String>,
    /// Say which locks there are and which would be removed
    #[arg(long)]
    dry_run: bool,
}

/// Removes the locks, and says who holds the others.
///
/// # Errors
/// When a lock had to stay.
pub fn run(context: &mut Context<'_>, args: &UnlockArgs) -> Result<ExitCode, CliError> {
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let commit = site.repository().resolve("HEAD")?;
    let snapshot = site.repository().commit_snapshot(commit)?;
    let environment = delivery::environment(&delivery::platform(&site, commit)?, args.environment.as_ref())?;
    let request = UnlockRequest { environment, dry_run: args.dry_run, gone: args.gone.clone() };
    let report = context.block_on(site.unlock(&snapshot, &request))?;
    if context.ui.is_json() {
        context
            .ui
            .json(&serde_json::json!({ "type": "unlock", "version": 1, "dry_run": args.dry_run, "report": report }))?;
    } else {
        show(context, &report, args.dry_run);
    }
    let left: Vec<_> = report.locks.iter().filter(|lock| lock.verdict != LockVerdict::Removed).collect();
    if args.dry_run || left.is_empty() { Ok(ExitCode::Done) } else { Err(stayed(&left)) }
}

fn show(context: &Context<'_>, report: &UnlockReport, dry_run: bool) {
    let environment = &report.environment;
    if report.locks.is_empty() {
        context.ui.status(&format!("nothing is locked in `{environment}`"));
    }
    for lock in &report.locks {
        let LockReport { what, holder, since, verdict, because, .. } = lock;
        let what = match what {
            Whose::Environment => format!("environment `{environment}`"),
            Whose::State { instance, .. } => format!("the state of {instance}"),
        };
        let done = match verdict {
            LockVerdict::Removed if dry_run => "would be unlocked",
            LockVerdict::Removed => "unlocked",
            _ => "stays locked",
        };
        let since = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        context.ui.data(&format!("{what}: {done}: held by {holder}{since}: {because}"));
    }
    if !report.unreadable.is_empty() {
        context.ui.status("this backend does not show who holds its locks; Terraform tells when it meets one");
    }
}

/// What to do about the locks that stay.
fn stayed(left: &[&LockReport]) -> CliError {
    let mut error = CliError::new(
        ErrorKind::External,
        std::io::Error::other(format!("{} lock(s) stay: not proven to be ours and dead", left.len())),
    );
    for lock in left {
        error = match (&lock.verdict, &lock.host, &lock.what) {
            (LockVerdict::OutOfSight, Some(host), _) => {
                error.hint(format!("if `{host}` is gone for good, run `kstack unlock --gone {host}`"))
            }
            (LockVerdict::Foreign, _, Whose::State { instance, id }) => error.hint(format!(
                "ask `{}`; if that run has surely died, run `terraform force-unlock {id}` in the stack `{}`",
                lock.holder, instance.stack
            )),
            _ => error.hint("wait for the run to end"),
        };
    }
    error
}
