//! A connection to a cluster, and what its failures mean.

use std::{error::Error, io, path::Path, sync::Once, time::Duration};

use k8s_openapi::ByteString;
use kube::{
    Client, Config,
    config::{
        AuthInfo, Cluster as ClusterEntry, Context, ExecConfig, ExecInteractiveMode, KubeConfigOptions, Kubeconfig,
        KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext,
    },
};

use super::{ClusterAccess, SyncError};

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
            let kubeconfig = eks_kubeconfig(cluster_name, region, endpoint, ca_certificate);
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(|error| {
                SyncError::Contract { field: "cluster".to_owned(), reason: format!("cannot be used: {error}") }
            })?
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

/// What `aws eks update-kubeconfig` would write, in memory only.
fn eks_kubeconfig(cluster_name: &str, region: &str, endpoint: &str, ca_certificate: &str) -> Kubeconfig {
    let name = || cluster_name.to_owned();
    let arguments = ["eks", "get-token", "--cluster-name", cluster_name, "--region", region, "--output", "json"];
    let exec = ExecConfig {
        api_version: Some("client.authentication.k8s.io/v1beta1".to_owned()),
        command: Some("aws".to_owned()),
        args: Some(arguments.map(ToOwned::to_owned).to_vec()),
        env: None,
        drop_env: None,
        install_hint: None,
        interactive_mode: Some(ExecInteractiveMode::Never),
        provide_cluster_info: false,
        cluster: None,
        other: std::collections::BTreeMap::new(),
    };
    let authority = match serde_json::to_value(ByteString(ca_certificate.as_bytes().to_vec())) {
        Ok(serde_json::Value::String(base64)) => Some(base64),
        _ => None,
    };
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name(),
            cluster: Some(ClusterEntry {
                server: Some(endpoint.to_owned()),
                certificate_authority_data: authority,
                ..ClusterEntry::default()
            }),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name(),
            auth_info: Some(AuthInfo { exec: Some(exec), ..AuthInfo::default() }),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name(),
            context: Some(Context { cluster: name(), user: Some(name()), ..Context::default() }),
            ..NamedContext::default()
        }],
        current_context: Some(name()),
        ..Kubeconfig::default()
    }
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

    #[test]
    fn an_eks_kubeconfig_holds_a_program_and_no_credential() {
        let kubeconfig = eks_kubeconfig("gc0", "eu-west-1", "https://gc0.example.com", "-----BEGIN");
        let exec = kubeconfig.auth_infos[0].auth_info.as_ref().unwrap().exec.as_ref().unwrap();
        assert_eq!(exec.command.as_deref(), Some("aws"));
        assert_eq!(
            exec.args.as_ref().unwrap().join(" "),
            "eks get-token --cluster-name gc0 --region eu-west-1 --output json"
        );
        let cluster = kubeconfig.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some("LS0tLS1CRUdJTg=="));
    }

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
