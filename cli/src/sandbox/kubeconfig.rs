//! Kubeconfig files, complete in themselves: the certificates are inside.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{
    error::SandboxError,
    files::write_private,
    layout::Sandbox,
    ports::{Port, Ports},
};

/// The users that get a kubeconfig below `pki/`; `admin`'s is the user's own.
const COMPONENT_USERS: [&str; 8] = [
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "argocd-application-controller",
    "argocd-applicationset-controller",
];

/// The text of a kubeconfig for the user whose certificate is `<pki>/<user>.crt`.
///
/// `context` also names the cluster and the user, so merging it into another kubeconfig cannot
/// mix up two sandboxes.
fn render(pki: &Path, user: &str, context: &str, api_address: &str) -> Result<String, SandboxError> {
    let encoded = |name: String| {
        let path = pki.join(name);
        fs::read(&path).map(|bytes| BASE64.encode(bytes)).map_err(|source| SandboxError::io("read", &path, source))
    };
    let authority = encoded("ca.crt".to_owned())?;
    let certificate = encoded(format!("{user}.crt"))?;
    let key = encoded(format!("{user}.key"))?;
    Ok(format!(
        "\
apiVersion: v1
kind: Config
current-context: {context}
contexts:
  - name: {context}
    context:
      cluster: {context}
      user: {context}
clusters:
  - name: {context}
    cluster:
      server: https://{api_address}
      certificate-authority-data: {authority}
users:
  - name: {context}
    user:
      client-certificate-data: {certificate}
      client-key-data: {key}
"
    ))
}

/// Writes the user's kubeconfig and those of the components.
pub(super) fn write_all(sandbox: &Sandbox, ports: &Ports) -> Result<(), SandboxError> {
    let (pki, context, api) = (sandbox.pki(), sandbox.context(), ports.address(Port::Api));
    for user in COMPONENT_USERS {
        let text = render(&pki, user, &context, &api)?;
        write_private(&pki.join(format!("{user}.kubeconfig")), text.as_bytes())?;
    }
    let text = render(&pki, "admin", &context, &api)?;
    write_private(&sandbox.kubeconfig(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::pki;

    #[test]
    fn a_kubeconfig_is_what_clients_read() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = folder.path().join("pki");
        pki::ensure(&certificates, 2026).unwrap();
        let text = render(&certificates, "admin", "kstack-a", "127.0.0.1:4711").unwrap();
        let config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        assert_eq!(config.current_context.as_deref(), Some("kstack-a"));
        let cluster = config.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:4711"));
        let authority = BASE64.decode(cluster.certificate_authority_data.as_ref().unwrap()).unwrap();
        assert_eq!(authority, fs::read(certificates.join("ca.crt")).unwrap());
    }
}
