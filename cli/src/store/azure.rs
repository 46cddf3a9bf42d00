//! Containers of Azure Blob Storage. Credentials come from the variables that Terraform's own backend reads, so
//! whatever lets Terraform in lets kstack in.

use std::path::Path;

use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};

use super::{
    Location, client,
    error::{Cloud, StoreError, open_error},
};

/// Opens a container.
///
/// # Errors
/// [`StoreError::NoCredentials`], [`StoreError::Open`].
pub(super) fn open(location: &Location, account: &str, container: &str) -> Result<MicrosoftAzure, StoreError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(credentials) = Credentials::find(variable, has_program("az")) else {
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
        Credentials::Signature(token) => builder.with_config(object_store::azure::AzureConfigKey::SasKey, token),
        Credentials::Secret { client, tenant, secret } => {
            builder.with_client_secret_authorization(client, secret, tenant)
        }
        Credentials::TokenFile { client, tenant, file } => {
            builder.with_client_id(client).with_tenant_id(tenant).with_federated_token_file(file)
        }
        Credentials::Machine { client } => match client {
            Some(client) => builder.with_client_id(client),
            None => builder,
        },
        Credentials::Program => builder.with_use_azure_cli(true),
    };
    builder.build().map_err(open_error(location))
}

/// Who we are to Azure.
#[derive(Debug, PartialEq, Eq)]
enum Credentials {
    /// The storage account's key.
    Key(String),
    /// A shared access signature.
    Signature(String),
    /// An application with a secret.
    Secret { client: String, tenant: String, secret: String },
    /// An application that trusts the token in a file.
    TokenFile { client: String, tenant: String, file: String },
    /// The identity of the machine of Azure that this runs on; `client` chooses one of several.
    Machine { client: Option<String> },
    /// Whoever is logged in with `az`.
    Program,
}

impl Credentials {
    /// In the order of Terraform's backend: <https://developer.hashicorp.com/terraform/language/backend/azurerm>.
    fn find(variable: impl Fn(&str) -> Option<String>, has_az: bool) -> Option<Self> {
        let is = |name: &str| variable(name).is_some_and(|value| matches!(value.as_str(), "true" | "1"));
        if let Some(key) = variable("ARM_ACCESS_KEY") {
            return Some(Self::Key(key));
        }
        if let Some(token) = variable("ARM_SAS_TOKEN") {
            return Some(Self::Signature(token));
        }
        let identity = variable("ARM_CLIENT_ID").zip(variable("ARM_TENANT_ID"));
        if let (Some((client, tenant)), Some(file)) = (&identity, variable("ARM_OIDC_TOKEN_FILE_PATH")) {
            return Some(Self::TokenFile { client: client.clone(), tenant: tenant.clone(), file });
        }
        if let (Some((client, tenant)), Some(secret)) = (identity, variable("ARM_CLIENT_SECRET")) {
            return Some(Self::Secret { client, tenant, secret });
        }
        if is("ARM_USE_AKS_WORKLOAD_IDENTITY") {
            let identity = variable("AZURE_CLIENT_ID").zip(variable("AZURE_TENANT_ID"));
            if let (Some((client, tenant)), Some(file)) = (identity, variable("AZURE_FEDERATED_TOKEN_FILE")) {
                return Some(Self::TokenFile { client, tenant, file });
            }
        }
        if is("ARM_USE_MSI") {
            return Some(Self::Machine { client: variable("ARM_CLIENT_ID") });
        }
        let unwanted = variable("ARM_USE_CLI").is_some_and(|value| matches!(value.as_str(), "false" | "0"));
        (has_az && !unwanted).then_some(Self::Program)
    }
}

fn has_program(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| is_file(&folder, name)))
}

fn is_file(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file()
}

/// The address of the account where it is not the public cloud's.
fn endpoint(variable: impl Fn(&str) -> Option<String>, account: &str) -> Option<String> {
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
