//! Containers of Azure Blob Storage. Credentials come from the variables that Terraform's own backend reads, so
//! whatever lets Terraform in lets kstack in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use object_store::azure::{AzureConfigKey, AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Location, client,
    error::{Cloud, StoreError, open_error},
    federation::{self, Exchange, Federation, FederationError, Subject, Token},
};

/// Opens a container. `variable` reads the environment.
///
/// # Errors
/// [`StoreError::NoCredentials`], [`StoreError::Open`].
pub(super) fn open(
    location: &Location,
    account: &str,
    container: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<MicrosoftAzure, StoreError> {
    let Some(credentials) = Credentials::find(variable) else {
        return Err(StoreError::NoCredentials { cloud: Cloud::Azure, location: location.to_string() });
    };
    client::install_tls();
    let mut builder =
        MicrosoftAzureBuilder::new().with_account(account).with_container_name(container).with_retry(client::retry());
    if let Some(url) = endpoint(variable, account) {
        builder = builder.with_allow_http(url.starts_with("http://")).with_endpoint(url);
    }
    builder = match credentials {
        Credentials::Key(key) => builder.with_access_key(key),
        Credentials::Signature(token) => builder.with_config(AzureConfigKey::SasKey, token),
        Credentials::Secret { client, tenant, secret } => {
            let builder = builder.with_client_secret_authorization(client, secret, tenant);
            builder.with_authority_host(authority(variable))
        }
        Credentials::Federated(exchange) => {
            let federation = Federation::new(exchange, AzureCredential::BearerToken, "MicrosoftAzure");
            builder.with_credentials(Arc::new(federation))
        }
        Credentials::Machine { client } => match client {
            Some(client) => builder.with_client_id(client),
            None => builder,
        },
        Credentials::Program => builder.with_use_azure_cli(true),
    };
    builder.build().map_err(open_error(location))
}

/// Who we are to Azure. Cannot be printed: some are secrets.
enum Credentials {
    /// The storage account's key.
    Key(String),
    /// A shared access signature.
    Signature(String),
    /// An application with a secret.
    Secret { client: String, tenant: String, secret: String },
    /// An application that trusts a token of somebody else.
    Federated(Application),
    /// The identity of the machine of Azure that this runs on; `client` chooses one of several.
    Machine { client: Option<String> },
    /// Whoever is logged in with `az`.
    Program,
}

/// An application that trusts a token of somebody else:
/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.
#[derive(Debug)]
struct Application {
    client: String,
    tenant: String,
    authority: String,
    subject: Subject,
}

impl Exchange for Application {
    async fn token(&self, http: &reqwest::Client) -> Result<Token, FederationError> {
        let subject = self.subject.token(http).await?;
        let url = format!("{}/{}/oauth2/v2.0/token", self.authority, self.tenant);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client),
            ("scope", "https://storage.azure.com/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", subject.expose_secret()),
        ];
        let answer = federation::form(http, &url, &fields).await?;
        let lasts = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or_default());
        Ok(Token { text: federation::text(&answer, "access_token", &url)?, lasts })
    }
}

impl Credentials {
    /// In the order of Terraform's backend: <https://developer.hashicorp.com/terraform/language/backend/azurerm>.
    fn find(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let is = |name: &str| variable(name).is_some_and(|value| matches!(value.as_str(), "true" | "1"));
        if let Some(key) = variable("ARM_ACCESS_KEY") {
            return Some(Self::Key(key));
        }
        if let Some(token) = variable("ARM_SAS_TOKEN") {
            return Some(Self::Signature(token));
        }
        let application = |client, tenant, subject| {
            Self::Federated(Application { client, tenant, subject, authority: authority(variable) })
        };
        if let Some((client, tenant)) = variable("ARM_CLIENT_ID").zip(variable("ARM_TENANT_ID")) {
            if let Some(subject) = is("ARM_USE_OIDC").then(|| subject(variable)).flatten() {
                return Some(application(client, tenant, subject));
            }
            if let Some(secret) = variable("ARM_CLIENT_SECRET") {
                return Some(Self::Secret { client, tenant, secret });
            }
        }
        if is("ARM_USE_AKS_WORKLOAD_IDENTITY") {
            let identity = variable("AZURE_CLIENT_ID").zip(variable("AZURE_TENANT_ID"));
            if let (Some((client, tenant)), Some(path)) = (identity, variable("AZURE_FEDERATED_TOKEN_FILE")) {
                return Some(application(client, tenant, Subject::File { path: path.into(), field: None }));
            }
        }
        if is("ARM_USE_MSI") {
            return Some(Self::Machine { client: variable("ARM_CLIENT_ID") });
        }
        let unwanted = variable("ARM_USE_CLI").is_some_and(|value| matches!(value.as_str(), "false" | "0"));
        let paths = variable("PATH").unwrap_or_default();
        let has_az = || std::env::split_paths(&paths).any(|folder: PathBuf| folder.join("az").is_file());
        (!unwanted && has_az()).then_some(Self::Program)
    }
}

/// The token of the CI system: itself, in a file, or at the address where GitHub Actions gives it.
fn subject(variable: &dyn Fn(&str) -> Option<String>) -> Option<Subject> {
    if let Some(token) = variable("ARM_OIDC_TOKEN") {
        return Some(Subject::Token(token.into()));
    }
    if let Some(path) = variable("ARM_OIDC_TOKEN_FILE_PATH") {
        return Some(Subject::File { path: path.into(), field: None });
    }
    let either = |first: &str, second: &str| variable(first).or_else(|| variable(second));
    let url = either("ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL")?;
    let token = either("ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")?;
    let separator = if url.contains('?') { '&' } else { '?' };
    Some(Subject::Address {
        url: format!("{url}{separator}audience=api%3A%2F%2FAzureADTokenExchange"),
        headers: vec![("authorization".to_owned(), SecretString::from(format!("Bearer {token}")))],
        field: Some("value".to_owned()),
    })
}

/// Who gives tokens: that of the cloud in `ARM_ENVIRONMENT`.
fn authority(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let own = variable("AZURE_AUTHORITY_HOST").map(|url| url.trim_end_matches('/').to_owned());
    own.unwrap_or_else(|| {
        match variable("ARM_ENVIRONMENT").as_deref() {
            Some("usgovernment") => "https://login.microsoftonline.us",
            Some("china") => "https://login.chinacloudapi.cn",
            _ => "https://login.microsoftonline.com",
        }
        .to_owned()
    })
}

/// The address of the account where it is not the public cloud's.
fn endpoint(variable: &dyn Fn(&str) -> Option<String>, account: &str) -> Option<String> {
    if let Some(url) = variable("AZURE_STORAGE_ENDPOINT") {
        return Some(url);
    }
    let suffix = match variable("ARM_ENVIRONMENT")?.as_str() {
        "usgovernment" => "core.usgovcloudapi.net",
        "china" => "core.chinacloudapi.cn",
        _ => return None,
    };
    Some(format!("https://{account}.blob.{suffix}"))
}
