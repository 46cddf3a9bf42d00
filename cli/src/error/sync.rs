//! Errors of `sync/` for the user.

use std::{error::Error, fmt};

use super::{CliError, ErrorKind};
use crate::sync::{Engine, Outcome, State, SyncError, SyncReport};

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
        SyncError::Engine { engine: "Argo CD", .. } => (
            User,
            "`root.yaml` holds the root Application, `project.yaml` its AppProject, and `argocd/` the kustomization of Argo CD itself",
        ),
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
        SyncError::ForeignEngine { .. } => (
            User,
            "kstack takes over no engine that it did not install: remove that one first (its Applications without cascade), or leave the cluster to it",
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
        write!(f, "{} {verdict} `{}`", self.0.engine.title(), self.0.revision)?;
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

/// Whether the repository itself cannot be read.
fn is_fetching(report: &SyncReport) -> bool {
    report.objects.iter().any(|status| {
        let State::Failed { message, .. } = &status.state else { return false };
        match report.engine {
            Engine::Flux => status.object.kind == "GitRepository",
            Engine::ArgoCd => ["authentication required", "repository not found", "failed to list refs"]
                .iter()
                .any(|word| message.contains(word)),
        }
    })
}

impl From<SyncReport> for CliError {
    fn from(report: SyncReport) -> Self {
        let engine = report.engine.title();
        let hint = match (report.outcome, report.engine) {
            (Outcome::Failed, engine) if is_fetching(&report) => {
                let secret = match engine {
                    Engine::Flux => "kubectl -n flux-system delete secret flux-system",
                    Engine::ArgoCd => "kubectl -n argocd delete secret kstack-repository",
                };
                format!(
                    "check the repository's address and the Git credential: `{secret}`, then run the command again with the right one"
                )
            }
            (Outcome::Failed, _) => {
                format!("mend what is named above and merge it; {engine} delivers the next commit by itself")
            }
            (Outcome::Suspended, Engine::Flux) => "`flux resume` what is suspended".to_owned(),
            (Outcome::Suspended, Engine::ArgoCd) => {
                "switch automated sync on again where it is off, or resume what says that it is suspended".to_owned()
            }
            (Outcome::Ready | Outcome::TimedOut, _) => {
                format!("is the commit pushed? `--timeout` gives slow objects more time; {engine} goes on meanwhile")
            }
        };
        Self::new(ErrorKind::External, Undelivered(report)).hint(hint)
    }
}
