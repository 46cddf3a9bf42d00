//! Errors of `store/` for the user.

use super::{CliError, ErrorKind};
use crate::store::{Cloud, LocationError, StoreError};

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = match &error {
            StoreError::NoCredentials { cloud, .. } => (ErrorKind::User, Some(credentials(cloud))),
            // A folder on this machine says all there is to say.
            StoreError::Open { location, .. }
            | StoreError::Unusable { location, .. }
            | StoreError::Object { location, .. }
                if location.contains("://") =>
            {
                let what = match location.split_once("://") {
                    Some(("s3", _)) => "the bucket exists, the region",
                    Some(("az", _)) => "the storage account and the container exist",
                    _ => "the bucket exists",
                };
                let hint = format!("check that {what}, and what the credentials in the environment may do");
                (ErrorKind::External, Some(hint))
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

/// Where credentials of a cloud come from.
fn credentials(cloud: &Cloud) -> String {
    match cloud {
        Cloud::Aws { profile } => {
            let profile = profile.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
            let export = format!("eval \"$(aws configure export-credentials{profile} --format env)\"");
            format!("put them into the environment: `{export}`")
        }
        Cloud::Google => {
            "`gcloud auth application-default login`, or name a credentials file in `GOOGLE_APPLICATION_CREDENTIALS`"
                .to_owned()
        }
        Cloud::Azure => {
            "`az login`, or set `ARM_CLIENT_ID` and `ARM_TENANT_ID` with `ARM_USE_OIDC=true` or `ARM_CLIENT_SECRET`"
                .to_owned()
        }
    }
}

impl From<LocationError> for CliError {
    fn from(error: LocationError) -> Self {
        Self::new(ErrorKind::User, error)
    }
}
