//! Everything that can go wrong between kstack and a cluster.

use std::{io, path::PathBuf, time::Duration};

use super::ObjectRef;

/// Why a hand-over, or waiting for one, could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A file of the registry, or a key, cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A manifest is not YAML.
    #[error("`{}` is not valid YAML", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        source: Box<serde_saphyr::Error>,
    },
    /// A document of a manifest is no Kubernetes object.
    #[error("document {document} of `{}` is not a Kubernetes object: {reason}", path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// The document's number, from 1.
        document: usize,
        /// What it lacks.
        reason: String,
    },
    /// The registry lacks what the engine starts from.
    #[error("`{}` does not describe how {engine} starts: {reason}", path.display())]
    Engine {
        /// The engine.
        engine: &'static str,
        /// The file.
        path: PathBuf,
        /// What is missing or contradictory.
        reason: String,
    },
    /// A kubeconfig cannot be used.
    #[error("cannot use kubeconfig `{}`", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<kube::config::KubeconfigError>,
    },
    /// A kubeconfig has no such context.
    #[error("kubeconfig `{}` has no context `{context}`", path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// The context asked for.
        context: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// The outputs of a stack are not the cluster contract.
    #[error("the stack's outputs are not a cluster: `{field}` {reason}")]
    Contract {
        /// The output's field, such as `cluster.auth.type`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers.
    #[error("cannot reach the cluster at `{endpoint}`: {reason}")]
    Unreachable {
        /// The API server.
        endpoint: String,
        /// What the network says.
        reason: String,
    },
    /// Something answers that is not the cluster that was meant.
    #[error("the cluster at `{endpoint}` does not show the certificate that was expected: {reason}")]
    Untrusted {
        /// The API server.
        endpoint: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The program that gets a short-lived credential failed.
    #[error("cannot get a credential for the cluster at `{endpoint}`: {reason}")]
    Credential {
        /// The API server.
        endpoint: String,
        /// What the program says.
        reason: String,
    },
    /// The credential is not valid.
    #[error("the cluster at `{endpoint}` does not accept the credential: {reason}")]
    Unauthorized {
        /// The API server.
        endpoint: String,
        /// What the API server says.
        reason: String,
    },
    /// The credential is valid, but not for this.
    #[error("the cluster at `{endpoint}` does not allow to {action}: {reason}")]
    Forbidden {
        /// The API server.
        endpoint: String,
        /// What was tried.
        action: String,
        /// What the API server says.
        reason: String,
    },
    /// A request failed in another way.
    #[error("cannot {action}: {reason}")]
    Request {
        /// What was tried.
        action: String,
        /// What the API server says.
        reason: String,
    },
    /// The cluster does not know a kind.
    #[error("the cluster has no kind `{kind}` in `{api_version}`, which `{object}` needs")]
    UnknownKind {
        /// The version asked for.
        api_version: String,
        /// The kind asked for.
        kind: String,
        /// The object.
        object: Box<ObjectRef>,
    },
    /// Somebody else manages fields that the engine's manifests set to other values.
    #[error("`{object}` in the cluster belongs to somebody else: {}", fields.join("; "))]
    Conflict {
        /// The object.
        object: ObjectRef,
        /// Each conflict as the API server words it, with manager and field.
        fields: Vec<String>,
    },
    /// The cluster's engine already follows something else.
    #[error("{engine} in this cluster already follows another {what}: `{live}`; the registry says `{wanted}`")]
    FollowsOther {
        /// The engine.
        engine: &'static str,
        /// `path`, `repository` or `Git reference`.
        what: &'static str,
        /// The live object that says so.
        object: Box<ObjectRef>,
        /// What the cluster follows.
        live: String,
        /// What the registry says.
        wanted: String,
    },
    /// The cluster has an engine that somebody else installed.
    #[error("{engine} is in this cluster already, and not from this registry: `{object}` {owner}")]
    ForeignEngine {
        /// The engine.
        engine: &'static str,
        /// What gives it away.
        object: Box<ObjectRef>,
        /// Who brought it, as a phrase.
        owner: String,
    },
    /// The source needs a Secret that nobody gave.
    #[error("`{object}` does not exist and no Git credential was given, but the source needs it")]
    NoCredential {
        /// The Secret.
        object: ObjectRef,
    },
    /// An output cannot be a substitution variable.
    #[error("output `{key}` cannot be handed to the engine: {reason}")]
    ClusterInfo {
        /// The output's name.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An object did not come to the state that the next step needs.
    #[error("`{object}` was not {wanted} within {within:?}: {reason}")]
    NotInTime {
        /// The object.
        object: Box<ObjectRef>,
        /// The state, such as `available`.
        wanted: &'static str,
        /// How long it was given.
        within: Duration,
        /// What it says itself.
        reason: String,
    },
    /// Objects are still there after they were deleted.
    #[error("not deleted within {within:?}: {}", objects.iter().map(|object| format!("`{object}`")).collect::<Vec<_>>().join(", "))]
    StillThere {
        /// The objects, whose finalizers hold them.
        objects: Vec<ObjectRef>,
        /// How long they were given.
        within: Duration,
    },
}
