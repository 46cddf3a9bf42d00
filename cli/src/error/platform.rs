//! Errors of `platform/` for the user.

use super::{CliError, ErrorKind};
use crate::platform::{InvalidName, ParseError};

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
