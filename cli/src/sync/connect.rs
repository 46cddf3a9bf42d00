//! A connection to a cluster, and what its failures mean.

use std::{error::Error, io, path::Path, sync::Once, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::{
    ClusterAccess, SyncError,
    cloud::{self, ApiServer},
};

/// A server that does not answer a connection in this time is not going to.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A cluster that answered. Clones share one connection, and one short-lived credential.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: Client,
    endpoint: String,
    version: String,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("endpoint", &self.endpoint).field("version", &self.version).finish()
    }
}

impl Cluster {
    /// The API server's address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The API server's version, such as `v1.34.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The client, for reading what this room does not.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Turns a failed request into the error that says who can mend it.
    pub(super) fn failed<T: Into<String>>(&self, action: T) -> impl FnOnce(kube::Error) -> SyncError + use<T> {
        let (endpoint, action) = (self.endpoint.clone(), action.into());
        move |source| classify(source, &endpoint, action)
    }
}

/// Connects to a cluster and asks for its version.
///
/// # Errors
/// A kubeconfig that cannot be used, and whatever keeps the API server from answering.
pub async fn connect(access: &ClusterAccess) -> Result<Cluster, SyncError> {
    install_tls_provider();
    let mut config = match access {
        ClusterAccess::Kubeconfig { path, context } => from_file(path, context.as_deref()).await?,
        ClusterAccess::Aws { cluster_name, region, endpoint, ca_certificate } => {
            let ca_certificate = Some(ca_certificate.as_str());
            from_contract(cloud::eks(&ApiServer { name: cluster_name, endpoint, ca_certificate }, region)).await?
        }
        ClusterAccess::Google { cluster_name, endpoint, ca_certificate } => {
            let ca_certificate = ca_certificate.as_deref();
            from_contract(cloud::gke(&ApiServer { name: cluster_name, endpoint, ca_certificate })).await?
        }
        ClusterAccess::Azure { cluster_name, server_id, tenant_id, endpoint, ca_certificate } => {
            let ca_certificate = Some(ca_certificate.as_str());
            let server = ApiServer { name: cluster_name, endpoint, ca_certificate };
            from_contract(cloud::aks(&server, server_id, tenant_id)).await?
        }
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let endpoint = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let action = || "ask for the version of the API server".to_owned();
    let client = Client::try_from(config).map_err(|source| classify(source, &endpoint, action()))?;
    let version = client.apiserver_version().await.map_err(|source| classify(source, &endpoint, action()))?;
    Ok(Cluster { client, endpoint, version: version.git_version })
}

/// rustls wants one provider per process; that somebody else was first is fine, since the program has only ring.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

async fn from_file(path: &Path, context: Option<&str>) -> Result<Config, SyncError> {
    let error = |source: KubeconfigError| match source {
        KubeconfigError::ReadConfig(source, path) => SyncError::Read { path, source },
        source => SyncError::Kubeconfig { path: path.to_owned(), source: Box::new(source) },
    };
    let kubeconfig = Kubeconfig::read_from(path).map_err(error)?;
    if let Some(context) = context {
        let known: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
        if !known.iter().any(|name| name == context) {
            return Err(SyncError::Context { path: path.to_owned(), context: context.to_owned(), known });
        }
    }
    let options = KubeConfigOptions { context: context.map(ToOwned::to_owned), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(error)
}

async fn from_contract(kubeconfig: Kubeconfig) -> Result<Config, SyncError> {
    let error = |error| SyncError::Contract { field: "cluster".to_owned(), reason: format!("cannot be used: {error}") };
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(error)
}

fn classify(error: kube::Error, endpoint: &str, action: String) -> SyncError {
    let endpoint = endpoint.to_owned();
    // Errors of the layers in between only repeat each other; what happened is at the bottom.
    let bottom = Causes(Some(&error)).last().map(ToString::to_string).unwrap_or_default();
    match error {
        kube::Error::Api(status) => match status.code {
            401 => SyncError::Unauthorized { endpoint, reason: status.message },
            403 => SyncError::Forbidden { endpoint, action, reason: status.message },
            _ => SyncError::Request { action, reason: status.message },
        },
        kube::Error::Auth(error) => SyncError::Credential { endpoint, reason: error.to_string() },
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            if let Some(error) = Causes(Some(&error)).find(|error| error.is::<rustls::Error>()) {
                SyncError::Untrusted { endpoint, reason: error.to_string() }
            } else if let Some(error) = Causes(Some(&error)).find(|error| error.is::<kube::client::AuthError>()) {
                SyncError::Credential { endpoint, reason: error.to_string() }
            } else {
                SyncError::Unreachable { endpoint, reason: bottom }
            }
        }
        error => SyncError::Request { action, reason: error.to_string() },
    }
}

/// An error and its causes. Unlike `Error::source`, it looks into I/O errors, which hide the error
/// that they wrap (rustls reports through them).
struct Causes<'a>(Option<&'a (dyn Error + 'static)>);

impl<'a> Iterator for Causes<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.0?;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        self.0 = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source());
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_context_that_is_not_there_is_named_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, "apiVersion: v1\nkind: Config\ncontexts: [{name: one, context: {cluster: c}}]\n")
            .unwrap();
        let access = ClusterAccess::Kubeconfig { path, context: Some("two".to_owned()) };
        match connect(&access).await.unwrap_err() {
            SyncError::Context { context, known, .. } => {
                assert_eq!((context.as_str(), known), ("two", vec!["one".to_owned()]));
            }
            other => panic!("{other}"),
        }
    }

    /// A kubeconfig for `https://127.0.0.1:<port>` with the user entry `user`.
    async fn connect_to(port: u16, user: &str) -> SyncError {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{{name: x, context: {{cluster: x, user: x}}}}]\n\
             clusters: [{{name: x, cluster: {{server: \"https://127.0.0.1:{port}\"}}}}]\nusers: [{{name: x, user: {user}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        connect(&ClusterAccess::Kubeconfig { path, context: None }).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_cluster_that_is_not_there_is_unreachable() {
        // The port was free a moment ago, so nobody listens.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = connect_to(port, "{}").await;
        let told = format!("cannot reach the cluster at `https://127.0.0.1:{port}`: Connection refused");
        assert!(error.to_string().starts_with(&told), "{error}");
    }

    #[tokio::test]
    async fn an_authority_that_is_none_is_an_error_of_the_stack() {
        let access = ClusterAccess::Google {
            cluster_name: "gc0".to_owned(),
            endpoint: "https://127.0.0.1:1".to_owned(),
            ca_certificate: Some("-----BEGIN CERTIFICATE-----".to_owned()),
        };
        let error = connect(&access).await.unwrap_err();
        assert!(
            error.to_string().starts_with("the stack's outputs are not a cluster: `cluster` cannot be used: "),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_credential_program_that_fails_is_no_network_problem() {
        for command in ["/nonexistent", "false"] {
            let user = format!(
                "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {command}, interactiveMode: Never}}}}"
            );
            let error = connect_to(1, &user).await;
            assert!(matches!(error, SyncError::Credential { .. }), "{error:?}");
        }
    }
}
