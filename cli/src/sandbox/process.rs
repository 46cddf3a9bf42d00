//! Processes that outlive their parent, and how they end.

use std::{
    fs::OpenOptions,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::time::{Instant, sleep};

use super::{error::SandboxError, launch::Launch};
use crate::program::{ProcessIdentity, Signal};

/// Time that a process has to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// Time between two looks at a process.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// A process that this run started.
#[derive(Debug)]
pub(super) struct Started {
    child: Box<dyn ChildWrapper>,
    /// Which process it is.
    pub identity: ProcessIdentity,
}

/// Starts a process as the leader of a session of its own, so that neither the terminal's signals nor the end of this
/// program reach it. It gets the environment of `launch` and nothing of ours; its output goes to `log`.
pub(super) fn start(launch: &Launch, log: &Path) -> Result<Started, SandboxError> {
    let output = || OpenOptions::new().create(true).append(true).mode(0o600).open(log);
    let stdout = output().map_err(|source| SandboxError::io("open", log, source))?;
    let stderr = output().map_err(|source| SandboxError::io("open", log, source))?;
    let mut command = CommandWrap::with_new(&launch.program, |command| {
        command.args(&launch.arguments).env_clear().envs(launch.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&launch.folder).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    });
    let run = |source| SandboxError::io("run", &launch.program, source);
    let child = command.wrap(ProcessSession).spawn().map_err(run)?;
    // Not reaped yet, so the number cannot mean another process.
    let identity = child.id().and_then(ProcessIdentity::of);
    let identity = identity.ok_or_else(|| run(std::io::Error::other("the process has no entry in /proc")))?;
    Ok(Started { child, identity })
}

impl Started {
    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        // An error means that somebody else reaped it; then it has no entry any more.
        self.child.try_wait().ok().flatten()
    }
}

/// Ends this very process: asks, waits, and kills it in the end. `Some(true)` when it had to be
/// killed, `None` when it was not running.
pub(super) async fn stop(identity: &ProcessIdentity) -> std::io::Result<Option<bool>> {
    if !identity.signal(Signal::Terminate)? {
        return Ok(None);
    }
    let deadline = Instant::now() + GRACE;
    while identity.is_alive() {
        if Instant::now() >= deadline {
            identity.signal(Signal::Kill)?;
            while identity.is_alive() {
                sleep(POLL).await;
            }
            return Ok(Some(true));
        }
        sleep(POLL / 5).await;
    }
    Ok(Some(false))
}

/// The last lines of a log, at most `lines` of them.
pub(super) fn tail(log: &Path, lines: usize) -> String {
    const WINDOW: u64 = 16 * 1024;
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_else(|error| format!("(cannot read the log: {error})"));
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, script: &str) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("ONLY".to_owned(), "this".to_owned())],
            folder: folder.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_started_process_leads_a_session_with_a_clean_environment() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut started = start(&sleeper(folder.path(), "set; ps -o sid= -p $$; echo $$"), &log).unwrap();
        while started.ended().is_none() {
            sleep(POLL).await;
        }
        let output = std::fs::read_to_string(&log).unwrap();
        let lines: Vec<&str> = output.lines().map(str::trim).collect();
        assert!(output.contains("ONLY='this'") && !output.contains("HOME="), "{output}");
        assert_eq!(lines[lines.len() - 1], lines[lines.len() - 2], "session and process id: {output}");
        assert_eq!(lines[lines.len() - 1], started.identity.pid.to_string());
        assert_eq!(tail(&log, 1), started.identity.pid.to_string());
    }

    #[tokio::test]
    async fn a_process_that_is_gone_is_not_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let started = start(&sleeper(folder.path(), "exec sleep 60"), &log).unwrap();
        assert_eq!(stop(&started.identity).await.unwrap(), Some(false));
        assert_eq!(stop(&started.identity).await.unwrap(), None);
    }
}
