//! Buckets of Google Cloud Storage. Credentials and endpoint come from the variables and files that Terraform's
//! own backend reads, so whatever lets Terraform in lets kstack in.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use object_store::{
    ClientOptions, StaticCredentialProvider,
    gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::{
    Location, client,
    error::{Cloud, StoreError, open_error},
    federation::{self, Exchange, Federation, FederationError, Subject, Token},
};

/// Opens a bucket. `variable` reads the environment.
///
/// # Errors
/// [`StoreError::NoCredentials`], [`StoreError::Credentials`], [`StoreError::Open`].
pub(super) fn open(
    location: &Location,
    bucket: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<GoogleCloudStorage, StoreError> {
    let Some(credentials) = Credentials::find(variable, &on_google) else {
        return Err(StoreError::NoCredentials { cloud: Cloud::Google, location: location.to_string() });
    };
    client::install_tls();
    let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket).with_retry(client::retry());
    if let Some(url) = endpoint(variable) {
        let options = ClientOptions::new().with_allow_http(url.starts_with("http://"));
        builder = builder.with_client_options(options).with_base_url(&url);
    }
    let bearer = |bearer| Arc::new(StaticCredentialProvider::new(GcpCredential { bearer }));
    builder = match credentials {
        Credentials::None => builder.with_credentials(bearer(String::new())).with_skip_signature(true),
        Credentials::Token(token) => builder.with_credentials(bearer(token)),
        Credentials::Machine => builder,
        Credentials::Text(text) => with_document(builder, &text, Credentials::Text(text.clone())),
        Credentials::File(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| StoreError::Credentials { path: path.display().to_string(), source })?;
            with_document(builder, &text, Credentials::File(path))
        }
    };
    builder.build().map_err(open_error(location))
}

/// The client reads credentials of users and of service accounts itself.
fn with_document(builder: GoogleCloudStorageBuilder, text: &str, from: Credentials) -> GoogleCloudStorageBuilder {
    if let Ok(account) = serde_json::from_str::<ExternalAccount>(text) {
        let make = |bearer| GcpCredential { bearer };
        return builder.with_credentials(Arc::new(Federation::new(account, make, "GCS")));
    }
    match from {
        Credentials::File(path) => builder.with_application_credentials(path.display().to_string()),
        _ => builder.with_service_account_key(text),
    }
}

/// Credentials that a token of somebody else is exchanged for, as `google-github-actions/auth` and `gcloud iam
/// workload-identity-pools create-cred-config` write them: <https://google.aip.dev/auth/4117>.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename = "external_account")]
struct ExternalAccount {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: CredentialSource,
    /// The service account to become.
    service_account_impersonation_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CredentialSource {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default, deserialize_with = "secrets")]
    headers: BTreeMap<String, SecretString>,
    format: Option<Format>,
}

#[derive(Debug, Deserialize)]
struct Format {
    subject_token_field_name: Option<String>,
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, SecretString>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|(name, value)| (name, value.into())).collect())
}

impl ExternalAccount {
    fn subject(&self) -> Result<Subject, FederationError> {
        let CredentialSource { file, url, headers, format } = &self.credential_source;
        let field = format.as_ref().and_then(|format| format.subject_token_field_name.clone());
        match (file, url) {
            (Some(path), _) => Ok(Subject::File { path: path.clone(), field }),
            (None, Some(url)) => {
                let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                Ok(Subject::Address { url: url.clone(), headers, field })
            }
            (None, None) => Err(FederationError::Answer {
                place: "credential_source".to_owned(),
                field: "file` or `url".to_owned(),
            }),
        }
    }
}

impl Exchange for ExternalAccount {
    async fn token(&self, http: &reqwest::Client) -> Result<Token, FederationError> {
        const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
        let subject = self.subject()?.token(http).await?;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", &self.audience),
            ("scope", SCOPE),
            ("subject_token_type", &self.subject_token_type),
            ("subject_token", subject.expose_secret()),
        ];
        let answer = federation::form(http, &self.token_url, &fields).await?;
        let text = federation::text(&answer, "access_token", &self.token_url)?;
        let Some(url) = &self.service_account_impersonation_url else {
            return Ok(Token { text, lasts: Duration::from_secs(answer["expires_in"].as_u64().unwrap_or_default()) });
        };
        let body = serde_json::json!({ "scope": [SCOPE], "lifetime": "3600s" }).to_string();
        let request = http.post(url).bearer_auth(text).header("content-type", "application/json").body(body);
        let answer = serde_json::from_str(&federation::send(url, request).await?).unwrap_or_default();
        // It lasts as long as was asked for.
        Ok(Token { text: federation::text(&answer, "accessToken", url)?, lasts: Duration::from_secs(3600) })
    }
}

/// Who we are to Google. Cannot be printed: some are secrets.
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
    fn find(variable: &dyn Fn(&str) -> Option<String>, on_google: &dyn Fn() -> bool) -> Option<Self> {
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
fn on_google() -> bool {
    std::fs::read_to_string("/sys/class/dmi/id/product_name")
        .is_ok_and(|name| matches!(name.trim(), "Google" | "Google Compute Engine"))
}

/// The address of an emulator or a private endpoint. Terraform's setting ends with the path of the JSON API, which
/// is not ours.
fn endpoint(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let custom = variable("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT")
        .or_else(|| variable("GOOGLE_STORAGE_CUSTOM_ENDPOINT"))
        .or_else(|| variable("STORAGE_EMULATOR_HOST"))?;
    let (scheme, rest) = custom.split_once("://").unwrap_or(("http", &custom));
    let host = rest.split('/').next().unwrap_or(rest);
    Some(format!("{scheme}://{host}"))
}
