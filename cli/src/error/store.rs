//! Errors of `store/` for the user.

use super::{CliError, ErrorKind};
use crate::store::{LocationError, StoreError};

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = match &error {
            StoreError::NoCredentials { profile, .. } => {
                let profile = profile.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
                let export = format!("eval \"$(aws configure export-credentials{profile} --format env)\"");
                (ErrorKind::User, Some(format!("put them into the environment: `{export}`")))
            }
            // A folder on this machine says all there is to say.
            StoreError::Open { location, .. }
            | StoreError::Unusable { location, .. }
            | StoreError::Object { location, .. }
                if location.starts_with("s3://") =>
            {
                let hint =
                    "check that the bucket exists, the region, and what the credentials in the environment may do";
                (ErrorKind::External, Some(hint.to_owned()))
            }
            _ => (ErrorKind::External, None),
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<LocationError> for CliError {
    fn from(error: LocationError) -> Self {
        Self::new(ErrorKind::User, error)
    }
}
