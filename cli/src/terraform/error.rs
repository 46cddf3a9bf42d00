//! What can go wrong with Terraform.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::{Diagnostic, PlanFileError, Product, ProviderStoreError, Severity, ShowError, StateFileError, Version};

/// Why a Terraform command could not be run, or failed.
#[derive(Debug, thiserror::Error)]
pub enum TerraformError {
    /// No program under any of the names.
    #[error("cannot find {}", Names(.names))]
    NotFound {
        /// What was looked for.
        names: Vec<String>,
    },
    /// The program is something else.
    #[error("`{}` is neither Terraform nor OpenTofu: it says `{said}`", path.display())]
    NotTerraform {
        /// The program.
        path: PathBuf,
        /// The first line of its `version`.
        said: String,
    },
    /// The program lacks what generated stacks need.
    #[error("{product} {version} (`{}`) is too old: at least {oldest} is needed", path.display())]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Which of the two it is.
        product: Product,
        /// Its version.
        version: Version,
        /// The oldest one that will do.
        oldest: Version,
    },
    /// A file, folder or program cannot be used.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was tried, such as `write`.
        verb: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Terraform ended with an error.
    #[error(transparent)]
    Failed(Box<Failure>),
    /// The run was interrupted before Terraform had done its work.
    #[error("`{command}` was interrupted{}", if *killed { " and had to be killed: its state may be incomplete and still locked" } else { "" })]
    Interrupted {
        /// The command, such as `terraform apply`.
        command: String,
        /// Whether it did not end within the deadline.
        killed: bool,
        /// State that Terraform could not store, if it left any.
        errored_state: Option<PathBuf>,
    },
    /// A provider cannot be had.
    #[error(transparent)]
    Providers(Box<ProviderStoreError>),
    /// A saved plan cannot be read.
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    /// The output of `show -json` cannot be read.
    #[error(transparent)]
    Show(#[from] ShowError),
    /// A state cannot be read.
    #[error(transparent)]
    State(#[from] StateFileError),
}

impl TerraformError {
    pub(super) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), source }
    }

    /// State that Terraform could not store, if it left any. Nothing may be applied before it was pushed.
    pub fn errored_state(&self) -> Option<&Path> {
        match self {
            Self::Failed(failure) => failure.errored_state.as_deref(),
            Self::Interrupted { errored_state, .. } => errored_state.as_deref(),
            _ => None,
        }
    }
}

impl From<ProviderStoreError> for TerraformError {
    fn from(error: ProviderStoreError) -> Self {
        match error {
            ProviderStoreError::Interrupted => {
                Self::Interrupted { command: "getting providers".to_owned(), killed: false, errored_state: None }
            }
            error => Self::Providers(Box::new(error)),
        }
    }
}

struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| format!("`{name}`")).collect();
        f.write_str(&names.join(" or "))
    }
}

/// How a command of Terraform failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The command, such as `terraform plan`.
    pub command: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All its errors and warnings, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// The last lines that were no events, such as stderr.
    pub lines: Vec<String>,
    /// State that Terraform could not store, if it left any.
    pub errored_state: Option<PathBuf>,
}

impl Failure {
    /// The errors among the diagnostics.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// What lies behind it, where that can be told.
    pub fn cause(&self) -> Cause {
        let diagnosed = self.errors().find_map(Cause::of_diagnostic);
        diagnosed.or_else(|| Cause::of(&self.lines.join("\n"))).unwrap_or(Cause::Other)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed", self.command)?;
        // What has a place in a file is explained there.
        let text = |error: &Diagnostic| match (error.detail.trim_end(), &error.range) {
            ("", _) | (_, Some(_)) => error.summary.clone(),
            (detail, None) => format!("{}: {detail}", error.summary),
        };
        let errors: Vec<String> = self.errors().map(text).collect();
        match self.code {
            _ if !errors.is_empty() => write!(f, ": {}", errors.join("; ")),
            _ if !self.lines.is_empty() => write!(f, ": {}", self.lines.join("\n")),
            Some(code) => write!(f, " with exit code {code}"),
            None => write!(f, ": a signal ended it"),
        }
    }
}

impl std::error::Error for Failure {}

/// What lies behind a [`Failure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Somebody else holds the state lock.
    StateLocked(LockInfo),
    /// `init` must run first.
    InitNeeded,
    /// A provider was not found in the mirrors, or in the registry.
    ProviderMissing,
    /// The lock file does not fit the configuration or the providers.
    LockFileOutdated,
    /// The state's backend refuses or cannot be reached.
    BackendAccess,
    /// The state, or the providers, have changed since the plan was made.
    StalePlan,
    /// Terraform's own words must do.
    Other,
}

impl Cause {
    pub(super) fn of_diagnostic(diagnostic: &Diagnostic) -> Option<Self> {
        Self::of(&format!("{}\n{}", diagnostic.summary, diagnostic.detail))
    }

    /// The texts are Terraform's and OpenTofu's own summaries, which both have kept since 1.5.
    fn of(text: &str) -> Option<Self> {
        let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if has(&["Error acquiring the state lock"]) {
            return Some(Self::StateLocked(LockInfo::find(text)));
        }
        if has(&[
            "Saved plan is stale",
            "Saved plan does not match the given state",
            "A saved plan can be applied only to the same configuration",
        ]) {
            return Some(Self::StalePlan);
        }
        if has(&["Failed to query available provider packages", "Failed to install provider"]) {
            return Some(if text.contains("checksums") { Self::LockFileOutdated } else { Self::ProviderMissing });
        }
        if has(&["Provider dependency changes detected"]) {
            return Some(Self::LockFileOutdated);
        }
        if has(&[
            "initialization required",
            "Module not installed",
            "Module source has changed",
            "Module version requirements have changed",
            "Inconsistent dependency lock file",
            "Required plugins are not installed",
            "Missing required provider",
            "there is no package for",
            // The store looks closer then, before the init. Nothing was started.
            "does not match any of the checksums recorded",
            "Plugin reinitialization required",
        ]) {
            return Some(Self::InitNeeded);
        }
        if has(&[
            "No valid credential sources found",
            "Error refreshing state",
            "Failed to get existing workspaces",
            "Failed to load state",
            "S3 bucket",
            "Error loading state",
            "error configuring S3 Backend",
        ]) {
            return Some(Self::BackendAccess);
        }
        None
    }
}

/// Who holds a state lock, as far as the backend tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockInfo {
    /// What `force-unlock` wants.
    pub id: Option<String>,
    /// `user@host`.
    pub who: Option<String>,
    /// Such as `OperationTypeApply`.
    pub operation: Option<String>,
    /// When, as the backend writes it.
    pub created: Option<String>,
}

impl LockInfo {
    /// Reads the `Lock Info:` lines of a message (Terraform's internal/states/statemgr/locker.go).
    fn find(text: &str) -> Self {
        let field = |name: &str| {
            let mut values = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
            values.next().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Self { id: field("ID"), who: field("Who"), operation: field("Operation"), created: field("Created") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(summary: &str, detail: &str) -> Failure {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            summary: summary.to_owned(),
            detail: detail.to_owned(),
            address: None,
            range: None,
            snippet: None,
        };
        Failure {
            command: "terraform plan".into(),
            code: Some(1),
            diagnostics: vec![diagnostic],
            lines: Vec::new(),
            errored_state: None,
        }
    }

    #[test]
    fn a_lock_says_who_holds_it() {
        let detail = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        9db590f1\n  \
                      Path:      a.tfstate\n  Operation: OperationTypeApply\n  Who:       ann@laptop\n  \
                      Version:   1.11.4\n  Created:   2026-01-02 03:04:05 UTC\n  Info:      \n\n\nTerraform acquires a …";
        let Cause::StateLocked(lock) = failure("Error acquiring the state lock", detail).cause() else { panic!() };
        assert_eq!(lock.id.as_deref(), Some("9db590f1"));
        assert_eq!(lock.who.as_deref(), Some("ann@laptop"));
        assert_eq!(lock.operation.as_deref(), Some("OperationTypeApply"));
        assert_eq!(lock.created.as_deref(), Some("2026-01-02 03:04:05 UTC"));
    }

    #[test]
    fn causes_are_told_from_terraforms_words() {
        let cause = |summary: &str| failure(summary, "").cause();
        assert_eq!(cause("Backend initialization required, please run \"terraform init\""), Cause::InitNeeded);
        assert_eq!(cause("Saved plan is stale"), Cause::StalePlan);
        assert_eq!(cause("Failed to query available provider packages"), Cause::ProviderMissing);
        assert_eq!(cause("Invalid reference"), Cause::Other);
        let mut bare = failure("x", "");
        bare.diagnostics.clear();
        bare.lines = vec!["Error: No valid credential sources found".into()];
        assert_eq!(bare.cause(), Cause::BackendAccess);
        assert_eq!(bare.to_string(), "`terraform plan` failed: Error: No valid credential sources found");
    }
}
