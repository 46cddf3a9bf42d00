//! One run of Terraform: its process group, its output, its end.
//!
//! Events go through a file instead of a pipe: if kstack dies, Terraform would be killed by its next write to a
//! broken pipe, in the middle of an apply and before it has recorded anything. So it ends its work by itself.
//!
//! The file of events is locked by the very handle that becomes Terraform's standard output, so the system itself
//! tells whether that Terraform still runs: no process id that means another process by now, and no moment between
//! its start and a note of it. What Terraform starts gets other handles, and does not hold the lock.

use std::{
    collections::VecDeque,
    fs,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, SystemTime},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::program::ProcessIdentity;

use super::{ChangeSummary, Diagnostic, Failure, Interrupt, TerraformError, TerraformEvent, disk, events};

/// How many lines that are no events are kept for error messages.
const KEPT_LINES: usize = 200;

/// The command whose events are kept until somebody forgets them.
pub(super) const APPLY: &str = "apply";

/// What the name of a file of events ends in.
pub(super) const EVENTS: &str = "jsonl";

/// How often a file that Terraform writes to is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// How long a pipe may stay open after Terraform ended: something that it started can hold it forever.
const PIPE_GRACE: Duration = Duration::from_secs(2);

/// Who follows a run, and who may end it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Gets every event as it happens.
    pub events: &'a (dyn Fn(TerraformEvent) + Send + Sync),
    /// Ends the run.
    pub interrupt: &'a Interrupt,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("interrupt", self.interrupt).finish_non_exhaustive()
    }
}

/// What stdout holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stdout {
    /// Lines of `-json` events.
    Events,
    /// One document, which is returned.
    Document,
}

/// A run about to start.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// For messages, such as `terraform plan`.
    pub(super) command: String,
    /// The subcommand, such as `plan`.
    pub(super) name: &'static str,
    /// Where it runs.
    pub(super) directory: &'a Path,
    /// The folder for the files that it writes events to; each is that of the last run of its command.
    pub(super) logs: &'a Path,
    /// What stdout holds.
    pub(super) stdout: Stdout,
    /// Exit codes besides 0 that are no failure.
    pub(super) also_good: &'static [i32],
}

/// A run that ended well.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) summary: Option<ChangeSummary>,
    pub(super) document: Vec<u8>,
}

#[derive(Debug, Default)]
struct Heard {
    diagnostics: Vec<Diagnostic>,
    lines: VecDeque<String>,
    summary: Option<ChangeSummary>,
}

impl Heard {
    fn is_silent(&self) -> bool {
        self.diagnostics.is_empty() && self.lines.is_empty()
    }

    fn event(&mut self, event: TerraformEvent, watch: &Watch<'_>) {
        match &event {
            TerraformEvent::Diagnostic(diagnostic) => self.diagnostics.push(diagnostic.clone()),
            TerraformEvent::ChangeSummary(summary) => self.summary = Some(summary.clone()),
            TerraformEvent::Line { text } => {
                if self.lines.len() == KEPT_LINES {
                    self.lines.pop_front();
                }
                self.lines.push_back(text.clone());
            }
            _ => {}
        }
        (watch.events)(event);
    }
}

impl Run<'_> {
    /// Starts `command` in a process group of its own, so that our own Ctrl-C does not reach it, and
    /// follows it to its end.
    pub(super) async fn follow(&self, mut command: Command, watch: &Watch<'_>) -> Result<Ended, TerraformError> {
        if watch.interrupt.is_raised() {
            return Err(self.interrupted(false, None));
        }
        let program = PathBuf::from(command.as_std().get_program());
        let started = SystemTime::now();
        let (sender, mut lines) = mpsc::unbounded_channel();
        let (over, is_over) = watch::channel(());
        let tail = |path: PathBuf, is_stderr| send_lines(&path, is_stderr, sender.clone(), is_over.clone());
        let stdout = match self.stdout {
            Stdout::Events => {
                let path = log(self.logs, self.name, EVENTS);
                let file = self.occupy(&path, watch).await?;
                tail(path, false)?;
                file.into()
            }
            Stdout::Document => Stdio::piped(),
        };
        let path = log(self.logs, self.name, "err");
        let errors =
            private().truncate(true).open(&path).map_err(|source| TerraformError::io("write", &path, source))?;
        tail(path, true)?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(errors);
        drop(sender);
        command.current_dir(self.directory).process_group(0);
        let child = command.spawn().map_err(|source| TerraformError::io("run", &program, source))?;
        // It has our handles of the files; the lock is to go with Terraform.
        drop(command);
        let mut group = Group::new(child);
        let process = group.child.id().and_then(ProcessIdentity::of);
        (watch.events)(TerraformEvent::Started { command: self.name, process });
        let document = group.child.stdout.take().map(read_all);

        let mut heard = Heard::default();
        let end = group.end(watch.interrupt);
        tokio::pin!(end);
        let (status, killed) = loop {
            tokio::select! {
                Some((text, is_stderr)) = lines.recv() => heard.event(event(&text, is_stderr), watch),
                ended = &mut end => break ended,
            }
        };
        let status = status.map_err(|source| TerraformError::io("wait for", &program, source))?;
        drop(over);
        while let Some((text, is_stderr)) = lines.recv().await {
            heard.event(event(&text, is_stderr), watch);
        }
        let document = match document {
            Some(reader) => timeout(PIPE_GRACE, reader).await.map_err(std::io::Error::from).and_then(|read| read?),
            None => Ok(Vec::new()),
        }
        .map_err(|source| TerraformError::io("read the output of", &program, source))?;
        self.forget();
        self.judge(status, killed, started, heard, document, watch)
    }

    /// The file of events, locked and empty. Waits until no Terraform writes to it: one that a killed kstack left may.
    async fn occupy(&self, path: &Path, watch: &Watch<'_>) -> Result<fs::File, TerraformError> {
        let wrong = |verb| move |source| TerraformError::io(verb, path, source);
        let file = private().truncate(false).open(path).map_err(wrong("write"))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(source)) => return Err(wrong("lock")(source)),
                Err(fs::TryLockError::WouldBlock) if watch.interrupt.is_raised() => {
                    return Err(self.interrupted(false, None));
                }
                Err(fs::TryLockError::WouldBlock) => {}
            }
            if !std::mem::replace(&mut told, true) {
                let message = format!("waiting for the `{}` that an earlier run left behind", self.command);
                (watch.events)(TerraformEvent::Log { message });
            }
            sleep(LOOK_AGAIN).await;
        }
        file.set_len(0).map_err(wrong("write"))?;
        Ok(file)
    }

    /// Empties the files that were read to their end: their events have been told, with secrets masked. What an apply
    /// said is kept until the journal knows how it ended: [`super::Trace::forget`].
    fn forget(&self) {
        for end in ["err", EVENTS] {
            if (self.name, end) != (APPLY, EVENTS) {
                // One that cannot be emptied is overwritten by the next run.
                let _ = empty(&log(self.logs, self.name, end));
            }
        }
    }

    fn judge(
        &self,
        status: ExitStatus,
        killed: bool,
        started: SystemTime,
        heard: Heard,
        document: Vec<u8>,
        watch: &Watch<'_>,
    ) -> Result<Ended, TerraformError> {
        match status.code() {
            Some(code) if code == 0 || self.also_good.contains(&code) => {
                Ok(Ended { code, diagnostics: heard.diagnostics, summary: heard.summary, document })
            }
            _ if killed || watch.interrupt.is_raised() => Err(self.interrupted(killed, self.errored_state(started))),
            // Whatever it had to say could not be written.
            code if heard.is_silent() => {
                disk::has_room(self.logs)?;
                Err(self.failed(code, heard, started))
            }
            code => Err(self.failed(code, heard, started)),
        }
    }

    fn failed(&self, code: Option<i32>, heard: Heard, started: SystemTime) -> TerraformError {
        TerraformError::Failed(Box::new(Failure {
            command: self.command.clone(),
            code,
            diagnostics: heard.diagnostics,
            lines: heard.lines.into(),
            errored_state: self.errored_state(started),
        }))
    }

    fn interrupted(&self, killed: bool, errored_state: Option<PathBuf>) -> TerraformError {
        TerraformError::Interrupted { command: self.command.clone(), killed, errored_state }
    }

    /// The file that Terraform writes when it cannot store the state, if it is of this run.
    fn errored_state(&self, started: SystemTime) -> Option<PathBuf> {
        let path = self.directory.join("errored.tfstate");
        let changed = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
        // File systems round down: a second of slack, since runs take longer than that to fail twice.
        (changed + Duration::from_secs(1) >= started).then_some(path)
    }
}

/// What Terraform and its providers say may have secrets in it: only the user may read it.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// Forgets what a file of events holds.
pub(super) fn empty(path: &Path) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).truncate(true).open(path).map(drop)
}

/// The file in `logs` that a command's output goes to.
pub(super) fn log(logs: &Path, command: &str, end: &str) -> PathBuf {
    logs.join(format!("{}.{end}", command.replace(' ', "-")))
}

fn event(text: &str, is_stderr: bool) -> TerraformEvent {
    if is_stderr {
        TerraformEvent::Line { text: anstream::adapter::strip_str(text).to_string() }
    } else {
        events::parse(text)
    }
}

/// Sends the lines of the file `path`, which grows, until its writer is gone and nothing is left.
fn send_lines(
    path: &Path,
    is_stderr: bool,
    lines: mpsc::UnboundedSender<(String, bool)>,
    is_over: watch::Receiver<()>,
) -> Result<(), TerraformError> {
    let file = fs::File::open(path).map_err(|source| TerraformError::io("read", path, source))?;
    tokio::spawn(follow_lines(file.into(), is_stderr, lines, is_over));
    Ok(())
}

async fn follow_lines(
    file: tokio::fs::File,
    is_stderr: bool,
    lines: mpsc::UnboundedSender<(String, bool)>,
    mut is_over: watch::Receiver<()>,
) {
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        // Asked before reading: what was written until then is read below. Nothing is ever sent; the
        // sender just goes when the run is over, or dropped.
        let over = is_over.has_changed().is_err();
        // A file that cannot be read is at its end: what counts is how the process ends.
        let read = file.read_until(b'\n', &mut line).await.unwrap_or_default();
        if line.ends_with(b"\n") || (over && !line.is_empty()) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() && lines.send((text.to_owned(), is_stderr)).is_err() {
                return;
            }
            line.clear();
        } else if read == 0 && over {
            return;
        } else if read == 0 {
            // Whoever waits for the end is not kept waiting for the next look.
            let _ = timeout(LOOK_AGAIN, is_over.changed()).await;
        }
    }
}

fn read_all(mut pipe: ChildStdout) -> JoinHandle<std::io::Result<Vec<u8>>> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).await?;
        Ok(bytes)
    })
}

/// A process and the group that it leads.
struct Group {
    child: Child,
    id: Option<Pid>,
    signalled: bool,
    ended: bool,
}

impl Group {
    fn new(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, id, signalled: false, ended: false }
    }

    /// Waits for the end. The interrupt becomes one SIGINT to the group, its deadline one SIGKILL;
    /// the second value says whether that was needed.
    async fn end(&mut self, interrupt: &Interrupt) -> (std::io::Result<ExitStatus>, bool) {
        let mut deadline = None;
        let mut killed = false;
        loop {
            tokio::select! {
                biased;
                status = self.child.wait() => {
                    self.ended = true;
                    return (status, killed);
                }
                () = interrupt.wait(), if deadline.is_none() => {
                    self.signal(Signal::INT);
                    deadline = Some(Instant::now() + interrupt.deadline());
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() && !killed => {
                    self.signal(Signal::KILL);
                    killed = true;
                }
            }
        }
    }

    fn signal(&mut self, signal: Signal) {
        self.signalled = true;
        if let Some(id) = self.id {
            // It fails only if the group is gone already, which the wait reports.
            let _ = kill_process_group(id, signal);
        }
    }
}

impl Drop for Group {
    /// Whoever drops the run midway cannot wait, but Terraform must not go on unseen: it is asked to end.
    fn drop(&mut self) {
        if !self.ended && !self.signalled {
            self.signal(Signal::INT);
        }
    }
}
