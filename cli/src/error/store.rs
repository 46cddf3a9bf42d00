//! Errors of `store/` for the user.

use super::{CliError, ErrorKind};
use crate::store::{LocationError, StoreError};

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let cloud = matches!(&error, StoreError::Open { .. } | StoreError::Object { .. });
        let error = Self::new(ErrorKind::External, error);
        if cloud {
            error.hint("for S3, check `AWS_REGION`, the credentials in the environment, and that the bucket exists")
        } else {
            error
        }
    }
}

impl From<LocationError> for CliError {
    fn from(error: LocationError) -> Self {
        Self::new(ErrorKind::User, error)
    }
}
