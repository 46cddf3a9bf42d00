//! Buckets of Google Cloud Storage. Credentials and endpoint come from the variables and files that Terraform's
//! own backend reads, so whatever lets Terraform in lets kstack in.

use std::path::{Path, PathBuf};

use object_store::{
    StaticCredentialProvider,
    gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder},
};

use super::{
    Location, client,
    error::{Cloud, StoreError, open_error},
};

/// Opens a bucket.
///
/// # Errors
/// [`StoreError::NoCredentials`], [`StoreError::Open`].
pub(super) fn open(location: &Location, bucket: &str) -> Result<GoogleCloudStorage, StoreError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(credentials) = Credentials::find(variable, &on_google()) else {
        return Err(StoreError::NoCredentials { cloud: Cloud::Google, location: location.to_string() });
    };
    client::install_tls();
    let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket).with_retry(client::retry());
    if let Some(url) = endpoint(variable) {
        builder = builder
            .with_client_options(object_store::ClientOptions::new().with_allow_http(url.starts_with("http://")))
            .with_base_url(&url);
    }
    builder = match credentials {
        Credentials::None => builder.with_skip_signature(true),
        Credentials::Token(bearer) => {
            builder.with_credentials(std::sync::Arc::new(StaticCredentialProvider::new(GcpCredential { bearer })))
        }
        Credentials::Text(json) => builder.with_service_account_key(json),
        Credentials::File(path) => builder.with_application_credentials(path.display().to_string()),
        Credentials::Machine => builder,
    };
    builder.build().map_err(open_error(location))
}

/// Who we are to Google.
#[derive(Debug, PartialEq, Eq)]
enum Credentials {
    /// Nobody: an emulator asks for nothing.
    None,
    /// A short-lived token.
    Token(String),
    /// A credentials file's content.
    Text(String),
    /// A credentials file.
    File(PathBuf),
    /// The identity of the machine of Google that this runs on.
    Machine,
}

impl Credentials {
    /// In the order of Terraform's backend: <https://developer.hashicorp.com/terraform/language/backend/gcs>.
    fn find(variable: impl Fn(&str) -> Option<String>, on_google: &dyn Fn() -> bool) -> Option<Self> {
        if variable("STORAGE_EMULATOR_HOST").is_some() {
            return Some(Self::None);
        }
        if let Some(token) = variable("GOOGLE_OAUTH_ACCESS_TOKEN") {
            return Some(Self::Token(token));
        }
        if let Some(text) = variable("GOOGLE_BACKEND_CREDENTIALS").or_else(|| variable("GOOGLE_CREDENTIALS")) {
            let content = text.trim_start().starts_with('{');
            return Some(if content { Self::Text(text) } else { Self::File(text.into()) });
        }
        if let Some(file) = variable("GOOGLE_APPLICATION_CREDENTIALS") {
            return Some(Self::File(file.into()));
        }
        let folder = variable("CLOUDSDK_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&variable("HOME")?).join(".config/gcloud")));
        let file = folder.map(|folder| folder.join("application_default_credentials.json"));
        if let Some(file) = file.filter(|file| file.is_file()) {
            return Some(Self::File(file));
        }
        (variable("GCE_METADATA_HOST").is_some() || on_google()).then_some(Self::Machine)
    }
}

/// Whether this is a machine of Google. Its firmware says so, as Google's own libraries ask it:
/// <https://cloud.google.com/compute/docs/instances/detect-compute-engine>.
fn on_google() -> impl Fn() -> bool {
    || {
        std::fs::read_to_string("/sys/class/dmi/id/product_name")
            .is_ok_and(|name| matches!(name.trim(), "Google" | "Google Compute Engine"))
    }
}

/// The address of an emulator or a private endpoint. Terraform's setting ends with the path of the JSON API, which
/// is not ours.
fn endpoint(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let custom = variable("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT")
        .or_else(|| variable("GOOGLE_STORAGE_CUSTOM_ENDPOINT"))
        .or_else(|| variable("STORAGE_EMULATOR_HOST"))?;
    let (scheme, rest) = custom.split_once("://").unwrap_or(("http", &custom));
    let host = rest.split('/').next().unwrap_or(rest);
    Some(format!("{scheme}://{host}"))
}
