//! Errors of `sync/` for the user.

use std::{error::Error, fmt};

use super::{CliError, ErrorKind};
use crate::sync::{Outcome, State, SyncError, SyncReport};

impl From<SyncError> for CliError {
    fn from(error: SyncError) -> Self {
        let (kind, hint) = advice(&error);
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Who can mend it, and how.
fn advice(error: &SyncError) -> (ErrorKind, Option<String>) {
    use ErrorKind::{External, User};
    let (kind, hint) = match error {
        SyncError::Read { .. } => (User, "check that the file exists and can be read"),
        SyncError::Yaml { .. } | SyncError::NotAnObject { .. } => {
            (User, "try `kubectl apply --dry-run=client -f` on the file")
        }
        SyncError::Engine { .. } => (
            User,
            "`flux-system/gotk-sync.yaml` holds the `GitRepository` and the `Kustomization` that `flux bootstrap` writes",
        ),
        SyncError::Kubeconfig { .. } => (User, "try `kubectl --kubeconfig <file> version`"),
        SyncError::Context { known, .. } => {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            return (User, Some(format!("contexts of the file: {}", known.join(", "))));
        }
        SyncError::Contract { .. } => {
            (User, "apply the stack, and pass the cluster module's outputs through in its `outputs.tf`")
        }
        SyncError::Unreachable { .. } => {
            (External, "check that the cluster runs and that this machine may reach its API server")
        }
        SyncError::Untrusted { .. } => (
            External,
            "the cluster was made anew, or something in between answers for it: get its current kubeconfig, or apply its stack",
        ),
        SyncError::Credential { .. } => (
            External,
            "run the credential program by hand; for EKS, check `aws sts get-caller-identity`; for GKE, install `gke-gcloud-auth-plugin` and check `gcloud auth application-default print-access-token`; for AKS, install `kubelogin` and check `az account show`, or set `AAD_LOGIN_METHOD`",
        ),
        SyncError::Unauthorized { .. } => (External, "the credential is wrong or has expired: log in again"),
        SyncError::Forbidden { .. } => (External, "use a role that may administer the cluster"),
        SyncError::UnknownKind { .. } => {
            (User, "add the definition of the kind to the same manifest, or correct its `apiVersion`")
        }
        SyncError::Conflict { .. } => (
            User,
            "somebody else installed this; remove it (`flux uninstall`, `helm uninstall`) before handing the cluster over",
        ),
        SyncError::FollowsOther { .. } => (
            User,
            "to move the cluster on purpose, change the live object as well; what the old place brought and the new one lacks is deleted then",
        ),
        SyncError::NoCredential { .. } => (
            User,
            "set `KSTACK_GIT_PASSWORD` to a token that can read the repository, or pass `--deploy-key` and `--known-hosts`",
        ),
        SyncError::ClusterInfo { .. } => (User, "rename the output"),
        SyncError::NotInTime { .. } => (
            External,
            "`kubectl describe` the object and its pods; then run the command again: it goes on where it stopped",
        ),
        SyncError::StillThere { .. } => {
            (External, "`kubectl describe` shows which finalizer waits for what; then run the command again")
        }
        SyncError::Request { .. } => return (External, None),
    };
    (kind, Some(hint.to_owned()))
}

/// A revision that the engine has not delivered, as an error: which objects lack, and why.
#[derive(Debug)]
struct Undelivered(SyncReport);

impl Error for Undelivered {}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.0.outcome {
            Outcome::Ready => "has delivered",
            Outcome::Failed => "cannot deliver",
            Outcome::TimedOut => "has not delivered in time:",
            Outcome::Suspended => "is suspended and does not deliver",
        };
        write!(f, "Flux {verdict} `{}`", self.0.revision)?;
        for status in &self.0.objects {
            match &status.state {
                State::Ready => {}
                State::Failed { reason, message } => write!(f, "\n  {}: {reason}: {}", status.object, message.trim())?,
                State::Waiting { message, .. } => write!(f, "\n  {}: waiting: {}", status.object, message.trim())?,
                State::Suspended => write!(f, "\n  {}: suspended", status.object)?,
            }
        }
        match &self.0.trouble {
            Some(trouble) => write!(f, "\n  the cluster could not be watched: {trouble}"),
            None => Ok(()),
        }
    }
}

impl From<SyncReport> for CliError {
    fn from(report: SyncReport) -> Self {
        let fetching = report
            .objects
            .iter()
            .any(|status| status.object.kind == "GitRepository" && matches!(status.state, State::Failed { .. }));
        let hint = match report.outcome {
            Outcome::Failed if fetching => {
                "check the repository's address and the Git credential: `kubectl -n flux-system delete secret flux-system`, then run the command again with the right one"
            }
            Outcome::Failed => "mend what is named above and merge it; Flux delivers the next commit by itself",
            Outcome::Suspended => "`flux resume` what is suspended",
            Outcome::Ready | Outcome::TimedOut => {
                "is the commit pushed? `--timeout` gives slow objects more time; Flux goes on meanwhile"
            }
        };
        Self::new(ErrorKind::External, Undelivered(report)).hint(hint)
    }
}
