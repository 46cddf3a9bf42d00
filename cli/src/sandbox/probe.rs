//! Whether a process answers that it is ready.

use std::{path::Path, time::Duration};

use super::{
    error::SandboxError,
    files::read_optional,
    member::Member,
    ports::{Port, Ports},
};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the processes of one sandbox.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    client: reqwest::Client,
}

/// Makes ring the provider of TLS, which every `reqwest` client of this room needs.
pub(super) fn install_tls_provider() {
    // Fails only when there is one already, and the whole program has ring alone.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Probe {
    /// Trusts the cluster's authority in `pki` and nobody else. With kind there is none, and nothing to ask by TLS.
    pub(super) fn new(pki: &Path) -> Result<Self, SandboxError> {
        install_tls_provider();
        let pem = read_optional(&pki.join("ca.crt"))?;
        let authority = pem.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes())).transpose();
        let client = reqwest::Client::builder()
            .tls_certs_only(authority.map_err(SandboxError::HttpClient)?)
            .no_proxy() // loopback only
            .timeout(PATIENCE)
            .build()
            .map_err(SandboxError::HttpClient)?;
        Ok(Self { client })
    }

    /// Asks `member`; the error is what it answered instead of yes.
    pub(super) async fn ask(&self, member: Member, ports: &Ports) -> Result<(), String> {
        let url = url(member, ports);
        let response = self.client.get(&url).send().await.map_err(|error| chain(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = response.text().await.unwrap_or_default();
        // The API server lists its checks; those that failed are marked `[-]`.
        let failed: Vec<&str> = body.lines().filter(|line| line.starts_with("[-]")).collect();
        Err(if failed.is_empty() { format!("{url} answers {status}") } else { failed.join(", ") })
    }
}

fn url(member: Member, ports: &Ports) -> String {
    let (scheme, port, path) = match member {
        Member::GitServer => ("http", Port::Git, "healthz"),
        Member::Etcd => ("http", Port::EtcdHealth, "health"),
        Member::KubeApiserver => ("https", Port::Api, "readyz"),
        Member::KubeControllerManager => ("https", Port::ControllerManager, "healthz"),
        Member::KubeScheduler => ("https", Port::Scheduler, "readyz"),
        Member::Kwok => ("http", Port::Kwok, "healthz"),
        Member::SourceController => ("http", Port::SourceHealth, "readyz"),
        Member::KustomizeController => ("http", Port::KustomizeHealth, "readyz"),
        Member::HelmController => ("http", Port::HelmHealth, "readyz"),
        Member::ArgocdRedis => ("http", Port::RedisHealth, "healthz"),
        Member::ArgocdRepoServer => ("http", Port::RepoServerHealth, "healthz"),
        Member::ArgocdApplicationController => ("http", Port::ApplicationHealth, "healthz"),
        // It has a socket for its health and no answer there.
        Member::ArgocdApplicationsetController => ("http", Port::ApplicationsetMetrics, "metrics"),
    };
    format!("{scheme}://{}/{path}", ports.address(port))
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
