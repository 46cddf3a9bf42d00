//! What users see of errors of the reviews.

use super::{CliError, ErrorKind};
use crate::review::ReportError;

impl From<ReportError> for CliError {
    fn from(error: ReportError) -> Self {
        Self::new(ErrorKind::Internal, error)
    }
}
