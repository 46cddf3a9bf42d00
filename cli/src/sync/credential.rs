//! The credential with which the engine reads the repository: a Secret that is made once and never overwritten.

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{Api, api::PostParams};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Cluster, Engine, ObjectRef, RootSource, SyncError, argocd,
    event::{Kept, Sink, SyncEvent},
    kinds::FIELD_MANAGER,
};

/// A credential that can read a Git repository.
#[derive(Debug, Clone)]
pub enum GitCredential {
    /// For `http://` and `https://`.
    Basic {
        /// User name; forges take any with a token.
        username: String,
        /// Password or token.
        password: SecretString,
    },
    /// For `ssh://`: a deploy key.
    Ssh {
        /// The private key, OpenSSH or PEM.
        identity: SecretString,
        /// Lines of `known_hosts` for the server. Flux trusts no server without; Argo CD has a ConfigMap for them.
        known_hosts: String,
    },
}

impl GitCredential {
    /// The Secret's keys as the engine names them.
    fn data<'a>(&'a self, root: &'a RootSource) -> Vec<(&'static str, &'a [u8])> {
        let mut data = match (self, root.engine) {
            (Self::Basic { username, password }, _) => {
                vec![("username", username.as_bytes()), ("password", password.expose_secret().as_bytes())]
            }
            (Self::Ssh { identity, known_hosts }, Engine::Flux) => {
                vec![("identity", identity.expose_secret().as_bytes()), ("known_hosts", known_hosts.as_bytes())]
            }
            // Whom it trusts, Argo CD reads from its own settings.
            (Self::Ssh { identity, .. }, Engine::ArgoCd) => {
                vec![("sshPrivateKey", identity.expose_secret().as_bytes())]
            }
        };
        if root.engine == Engine::ArgoCd {
            data.extend([("type", &b"git"[..]), ("url", root.url.as_bytes())]);
        }
        data
    }
}

/// What is to be done about the credential; known before anything is written.
pub(super) enum Step {
    /// The source names no Secret: the repository is public, and a credential would be used by nobody.
    None,
    /// The Secret is there.
    Keep(ObjectRef, Kept),
    /// The Secret is to be made.
    Create(ObjectRef, Box<Secret>),
}

/// Looks at the Secret that the source names.
pub(super) async fn look(
    cluster: &Cluster,
    root: &RootSource,
    credential: Option<&GitCredential>,
) -> Result<Step, SyncError> {
    let Some(name) = &root.secret else { return Ok(Step::None) };
    let object = ObjectRef::namespaced("", "Secret", &root.namespace, name);
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), &root.namespace);
    let live = secrets.get_opt(name).await.map_err(cluster.failed(format!("read `{object}`")))?;
    match (live, credential) {
        (Some(live), Some(credential)) => Ok(Step::Keep(object, kept(&live, root, credential))),
        (Some(_), None) => Ok(Step::Keep(object, Kept::NotGiven)),
        (None, Some(credential)) => Ok(Step::Create(object, Box::new(secret(root, name, credential)))),
        // Argo CD's Applications name no Secret, so the repository may well be one that everybody can read.
        (None, None) if root.engine == Engine::ArgoCd => Ok(Step::None),
        (None, None) => Err(SyncError::NoCredential { object }),
    }
}

impl Step {
    /// Does it. Returns whether the Secret was created, or, in a dry run, would be.
    pub(super) async fn take(self, cluster: &Cluster, dry_run: bool, sink: Sink<'_>) -> Result<bool, SyncError> {
        match self {
            Self::None => Ok(false),
            Self::Keep(object, kept) => {
                sink(SyncEvent::CredentialKept { object, kept });
                Ok(false)
            }
            Self::Create(object, secret) => {
                if !dry_run {
                    let namespace = object.namespace.as_deref().unwrap_or_default();
                    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), namespace);
                    let parameters =
                        PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
                    let action = format!("create `{object}`");
                    secrets.create(&parameters, &secret).await.map_err(cluster.failed(action))?;
                }
                sink(SyncEvent::CredentialCreated { object });
                Ok(true)
            }
        }
    }
}

fn secret(root: &RootSource, name: &str, credential: &GitCredential) -> Secret {
    let data = credential.data(root).into_iter().map(|(key, value)| (key.to_owned(), ByteString(value.to_vec())));
    let mut secret = Secret { data: Some(data.collect()), ..Secret::default() };
    secret.metadata.name = Some(name.to_owned());
    secret.metadata.namespace = Some(root.namespace.clone());
    if root.engine == Engine::ArgoCd {
        // By this label Argo CD finds it.
        secret.metadata.labels = Some([(argocd::SECRET_TYPE.to_owned(), "repository".to_owned())].into());
    }
    secret
}

fn kept(live: &Secret, root: &RootSource, credential: &GitCredential) -> Kept {
    let live = live.data.as_ref();
    let same = credential
        .data(root)
        .into_iter()
        .all(|(key, value)| live.and_then(|data| data.get(key)).is_some_and(|live| live.0 == value));
    if same { Kept::Same } else { Kept::Different }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_credential_is_compared_without_being_shown() {
        let credential = |password: &str| GitCredential::Basic {
            username: "git".to_owned(),
            password: SecretString::from(password.to_owned()),
        };
        let root = RootSource {
            engine: Engine::Flux,
            namespace: "flux-system".to_owned(),
            name: "flux-system".to_owned(),
            url: String::new(),
            reference: "main".to_owned(),
            path: String::new(),
            secret: Some("flux-system".to_owned()),
        };
        let live = secret(&root, "flux-system", &credential("one"));
        assert_eq!(kept(&live, &root, &credential("one")), Kept::Same);
        assert_eq!(kept(&live, &root, &credential("two")), Kept::Different);
        assert!(!format!("{:?}", credential("one")).contains("one"));
    }
}
