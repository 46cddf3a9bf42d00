//! Exit codes: part of the program's interface, never changed within a major version.

/// How a run ended, as scripts and pipelines see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// The work is done and nothing failed.
    Done,
    /// The work failed: a broken platform, a failed plan or apply, an engine that is not ready.
    Failed,
    /// A difference was found, where the command was asked to tell (`--detailed-exitcode`, `--exit-code`).
    Different,
    /// The command line is wrong. Not clap's own 2, which would read as [`ExitCode::Different`].
    Usage,
    /// A bug in kstack.
    Bug,
    /// Interrupted by Ctrl-C or SIGTERM, after everything in flight was brought to a safe end.
    Interrupted,
}

impl ExitCode {
    /// The number the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Different => 2,
            Self::Usage => 64,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}
