//! The error that reaches the user: what kind it is, its chain of causes, and what to do about it.
//!
//! Rooms have error enums of their own that know nothing of hints or exit codes; the
//! `From` implementations in the files of this folder add both.

use std::{error::Error, fmt};

use crate::{exit::ExitCode, hcl::Diagnostic};

mod check;
mod closure;
mod forge;
mod pipeline;
mod platform;
mod policy;
mod render;
mod repo;
mod review;
mod sandbox;
mod scaffold;
mod store;
mod sync;
mod terraform;

/// Who can mend it. Decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line is wrong.
    Usage,
    /// The user's files, repository or environment are not as they must be.
    User,
    /// A program or service that kstack works with failed.
    External,
    /// The user interrupted the run.
    Interrupted,
    /// Cannot happen unless kstack has a bug.
    Internal,
}

/// An error on its way to the terminal.
#[derive(Debug)]
pub struct CliError {
    kind: ErrorKind,
    source: Box<dyn Error + Send + Sync>,
    hints: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl CliError {
    /// Wraps `source`; its own chain of causes is printed below it.
    pub fn new(kind: ErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        let hints = crate::pipeline::full_disk(&*source).map(ToOwned::to_owned).into_iter().collect();
        Self { kind, source, hints, diagnostics: Vec::new() }
    }

    /// An error of the user's files or environment, told in one sentence.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message.into())
    }

    /// A wrong command line that clap cannot see.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message.into())
    }

    /// Adds what the user can do. Printed as `hint: …`, in the order added.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds problems that have a place in a file; printed with the source line and a caret.
    #[must_use]
    pub fn diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = diagnostics;
        self
    }

    /// Who can mend it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the user can do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The problems that have a place in a file.
    pub fn located(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The messages of the causes below this error, outermost first. Some libraries repeat a cause in the message
    /// above it; it is left out then.
    pub fn causes(&self) -> impl Iterator<Item = String> + '_ {
        let mut above = self.source.to_string();
        let causes = std::iter::successors(self.source.source(), |&error| error.source()).map(ToString::to_string);
        causes.filter(move |cause| {
            let said = above.ends_with(cause);
            above.clone_from(cause);
            !said
        })
    }

    /// The code that the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        match self.kind {
            ErrorKind::Usage => ExitCode::Usage,
            ErrorKind::User | ErrorKind::External => ExitCode::Failed,
            ErrorKind::Interrupted => ExitCode::Interrupted,
            ErrorKind::Internal => ExitCode::Bug,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
