//! What can go wrong with a sandbox.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use super::member::Member;

/// An error of the local control plane.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file, folder or program could not be worked with.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file, folder or program.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// There is no sandbox of that name.
    #[error("there is no sandbox `{name}`")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The sandboxes that exist.
        known: Vec<String>,
    },
    /// `sandbox.json` cannot be understood.
    #[error("the record `{}` is broken: {reason}", path.display())]
    BrokenRecord {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Processes are identified by `/proc`, and Docker elsewhere has no network that the host is in.
    #[error("a sandbox needs Linux, and this is {system}")]
    UnsupportedSystem {
        /// The operating system, as Rust names it.
        system: &'static str,
    },
    /// kind was asked for and cannot be used.
    #[error("cannot use kind: {reason}")]
    KindUnavailable {
        /// What is missing.
        reason: String,
    },
    /// The sandbox exists with another driver.
    #[error("sandbox `{name}` was made with the driver `{made_with}`, not `{asked_for}`")]
    OtherDriver {
        /// The sandbox.
        name: String,
        /// The driver in its record.
        made_with: &'static str,
        /// The driver asked for.
        asked_for: &'static str,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// No port could be had.
    #[error("cannot find a free port")]
    NoPort(#[source] io::Error),
    /// Another program took the Git server's port, which cannot change: its address is in Git and in the cluster.
    #[error("another program listens on {address}, the recorded address of the Git server")]
    GitPortTaken {
        /// The address.
        address: String,
    },
    /// A kind cluster exists while it runs only.
    #[error("the data of sandbox `{name}` cannot be kept: kind deletes a cluster as a whole")]
    CannotKeep {
        /// The sandbox.
        name: String,
    },
    /// A process ended while it was starting.
    #[error("{member} ended while it was starting ({status}); the end of `{}`:\n{tail}", log.display())]
    Died {
        /// The process.
        member: Member,
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// A process runs but did not become ready.
    #[error("{member} was not ready after {seconds} s ({reason}); the end of `{}`:\n{tail}", log.display())]
    NotReady {
        /// The process.
        member: Member,
        /// How long it was waited for.
        seconds: u64,
        /// What it answered last.
        reason: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The cluster did not do what it should within the time.
    #[error("{what} after {seconds} s")]
    Slow {
        /// What did not happen, such as `the node was not ready`.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The Kubernetes API refused something.
    #[error("cannot {action}")]
    Kubernetes {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An HTTP client could not be made.
    #[error("cannot make an HTTP client")]
    HttpClient(#[source] reqwest::Error),
    /// A program failed.
    #[error("`{command}` failed ({status}):\n{stderr}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        stderr: String,
    },
    /// A component can neither be downloaded nor built.
    #[error("cannot get {what}: {}", reasons.join("; "))]
    Unobtainable {
        /// The component's name and version.
        what: String,
        /// Why each way failed or was not open.
        reasons: Vec<String>,
    },
    /// What was downloaded is not what was expected.
    #[error("`{url}` has the SHA-256 digest {found}, but {expected} was expected ({expected_by})")]
    DigestMismatch {
        /// Where it came from.
        url: String,
        /// The digest of what came.
        found: String,
        /// The digest that it should have had.
        expected: String,
        /// Who says so.
        expected_by: &'static str,
    },
    /// A file in the cache is not the one that was put there.
    #[error("`{}` is not the file that was recorded when it was put there", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
    },
    /// A component's source is not what its patch was made for.
    #[error("cannot patch `{}`: {reason}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A manifest could not be understood.
    #[error("cannot read the manifests `{}`: {reason}", path.display())]
    Manifests {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl SandboxError {
    pub(super) fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io { action, path: path.as_ref().to_owned(), source }
    }
}
