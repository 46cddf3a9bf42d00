//! Errors of `check/` for the user.

use super::{CliError, ErrorKind};
use crate::check::{CheckError, Report};

impl From<CheckError> for CliError {
    fn from(error: CheckError) -> Self {
        let kind = match &error {
            CheckError::NoPlatform { .. } => ErrorKind::User,
            CheckError::Read { .. }
            | CheckError::NoProgram { .. }
            | CheckError::Run { .. }
            | CheckError::Output { .. } => ErrorKind::External,
        };
        let hint = match &error {
            CheckError::NoPlatform { .. } => Some("`kstack init` makes a platform; `-C` works in another folder"),
            CheckError::NoProgram { .. } => {
                Some("install Terraform or OpenTofu, or name the program in `KSTACK_TERRAFORM`")
            }
            _ => None,
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// A report that has problems.
impl From<Report> for CliError {
    fn from(report: Report) -> Self {
        Self::user(format!("the platform has {}", report.verdict())).diagnostics(report.problems)
    }
}
