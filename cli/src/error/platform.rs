//! Errors of `platform/` for the user.

use super::{CliError, ErrorKind};
use crate::platform::{InvalidName, ParseError, configuration::ExplainError};

impl From<ParseError> for CliError {
    fn from(error: ParseError) -> Self {
        let message = error.to_string();
        Self::new(ErrorKind::User, message).diagnostics(error.into_problems())
    }
}

impl From<InvalidName> for CliError {
    fn from(error: InvalidName) -> Self {
        Self::new(ErrorKind::User, error)
    }
}

impl From<ExplainError> for CliError {
    fn from(error: ExplainError) -> Self {
        let hint = match &error {
            ExplainError::NoKey { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            ExplainError::NoKey { .. } => "`kstack explain` without a setting shows all that there are".to_owned(),
            ExplainError::Inherit { .. } => "`kstack validate` shows the line".to_owned(),
        };
        Self::new(ErrorKind::User, error).hint(hint)
    }
}
