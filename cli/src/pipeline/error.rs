//! What can go wrong between the engines.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::{
    closure::ClosureError,
    platform::{EnvironmentName, Instance},
    policy::PolicyError,
    repo::RepoError,
    store::{LocationError, StoreError},
    sync::SyncError,
    terraform::{PlanFileError, StateFileError, TerraformError},
};

use super::{bundle::BundleFormat, fit::Refusal, seal::SealError, trouble};

/// How many of many failures a message tells.
const SHOWN: usize = 5;

/// An error of a plan or apply run.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `plan_store` names no place.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The repository cannot be read.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// What a change affects cannot be told.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// The policies cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Terraform failed.
    #[error(transparent)]
    Terraform(Box<TerraformError>),
    /// A plan file cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// OpenTofu encrypts the plans of this stack.
    #[error(
        "a plan that OpenTofu encrypts cannot be kept, since nothing could hold it against the commit: take `plan` out of the \
         stack's `encryption`, and set `recipients` in `kstack.hcl`"
    )]
    PlanEncrypted,
    /// A state cannot be read.
    #[error("cannot read the state `{location}`")]
    State {
        /// Where it lies.
        location: String,
        /// Why.
        source: StateFileError,
    },
    /// The bucket or container that states belong in does not exist.
    #[error("there is no `{location}`")]
    NoStore {
        /// Where it would be.
        location: String,
    },
    /// Nothing was applied yet, so there is no state to read.
    #[error("{instance} has no state yet")]
    NoState {
        /// The instance.
        instance: Instance,
        /// Where it would be.
        location: String,
    },
    /// Nothing is promoted to an environment that a branch delivers to.
    #[error("`{environment}` is delivered by `{trigger}`: there is no tag that promotes to it")]
    NotByTag {
        /// The environment.
        environment: EnvironmentName,
        /// Its trigger.
        trigger: String,
    },
    /// No environment is delivered by tags.
    #[error("no environment of the platform is delivered by tags")]
    NoPromotion,
    /// A bundle cannot be made.
    #[error("cannot write the bundle")]
    BundleWrite {
        /// Why.
        source: BundleFormat,
    },
    /// A bundle cannot be used.
    #[error("cannot use the bundle `{key}`")]
    BundleRead {
        /// Its key in the plan store.
        key: String,
        /// Why.
        source: BundleFormat,
    },
    /// Something cannot be sealed, or keys cannot be read.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no such bundle.
    #[error("there is no bundle {what} in `{place}`")]
    NoBundle {
        /// Which one, such as "`ops/net/…`" or "of net (ops)".
        what: String,
        /// Where it was looked for.
        place: String,
    },
    /// A record of the pipeline is broken.
    #[error("the record `{key}` is broken")]
    Record {
        /// Its key beside the state.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A state that Terraform could not store cannot be opened.
    #[error("cannot open the state `{key}`, which Terraform could not store")]
    ErroredState {
        /// Its key among the records.
        key: String,
        /// Why.
        source: SealError,
    },
    /// A state that Terraform could not store does not follow on the one that is stored.
    #[error("`{location}` has {found}, and what could not be stored is {kept}")]
    StateMovedOn {
        /// Where the state lies.
        location: String,
        /// The version that was kept.
        kept: String,
        /// The version that is stored.
        found: String,
    },
    /// What should be the lock of a state is none.
    #[error("cannot read the lock `{location}`")]
    StateLock {
        /// Where it lies.
        location: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A working file cannot be read or written.
    #[error("cannot {verb} `{path}`")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another run applies to the environment.
    #[error("another run is applying to environment `{environment}`: process {pid} on `{host}`, since {since}")]
    Locked {
        /// The environment.
        environment: String,
        /// The machine of the other run.
        host: String,
        /// Its process there.
        pid: u32,
        /// When it took the lock.
        since: Timestamp,
    },
    /// Somebody else took the lock at the same moment.
    #[error("another run took the lock of environment `{environment}` at the same moment")]
    LockRace {
        /// The environment.
        environment: String,
    },
    /// The lock was taken over while the run was going on.
    #[error("the lock was lost to another run")]
    LockLost,
    /// No environment has this name.
    #[error("there is no environment `{name}`")]
    UnknownEnvironment {
        /// The name as given.
        name: String,
        /// The platform's environments.
        known: Vec<String>,
    },
    /// No stack has this name, neither now nor among those that the change or the run removes.
    #[error("there is no stack `{name}`")]
    UnknownStack {
        /// The name as given.
        name: String,
        /// The stack that may be meant.
        near: Option<String>,
    },
    /// Several states cannot be read.
    #[error("{} of {of} states cannot be read{}", failures.len(), told(failures))]
    StatesUnreadable {
        /// Each instance, and why.
        failures: Vec<(Instance, PipelineError)>,
        /// How many were read in all.
        of: usize,
    },
    /// A stack is only in other environments.
    #[error("stack `{stack}` is not in environment `{environment}`")]
    NotInEnvironment {
        /// The stack.
        stack: String,
        /// The environment that it is not in.
        environment: String,
        /// Those that it is in.
        has: Vec<String>,
    },
    /// At least one reviewed plan does not fit any more; nothing was applied.
    #[error("{} reviewed plan(s) cannot be applied as they are", refusals.len())]
    Refused {
        /// One per instance.
        refusals: Vec<Refusal>,
    },
    /// What was planned in a later stage is not what was expected of it.
    #[error(
        "stage {stage} is not applied: {found}, {} ({})",
        expected.as_ref().map_or("and nothing could be expected".to_owned(), |it| format!("expected: {it}")),
        differences.join("; ")
    )]
    OutsideEnvelope {
        /// The stage.
        stage: usize,
        /// What it would do.
        found: String,
        /// What was expected; `None`: nothing could be.
        expected: Option<String>,
        /// What is different, one sentence each.
        differences: Vec<String>,
    },
    /// A cluster cannot be handed over.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The control plane of a local cluster, which is a sandbox, does not answer or is gone.
    #[error("the local cluster `{sandbox}` does not run")]
    LocalCluster {
        /// The sandbox.
        sandbox: String,
        /// How that showed.
        source: Box<SyncError>,
    },
    /// A cluster stack was never applied, so nothing says how its cluster is reached.
    #[error("{instance} was never applied, so its cluster is not known")]
    NotApplied {
        /// The cluster's instance.
        instance: Instance,
    },
    /// One kubeconfig for several clusters.
    #[error("one kubeconfig cannot stand for {count} clusters")]
    OneCluster {
        /// How many there are.
        count: usize,
    },
    /// The engines pull a repository that this clone does not know.
    #[error("this repository has no remote `{remote}`, so the engines cannot pull the commit")]
    NoRemote {
        /// The remote's name.
        remote: &'static str,
    },
    /// The engines follow a branch that does not hold the commit.
    #[error("commit `{commit}` is not on branch `{branch}` of `{remote}`, which the engines follow")]
    NotPushed {
        /// The commit, shortened.
        commit: String,
        /// The branch.
        branch: String,
        /// The remote's name.
        remote: &'static str,
    },
    /// A stack uses a provider that `policy.providers` does not list.
    #[error("{instance} uses provider `{provider}`, which the platform does not allow")]
    ProviderNotAllowed {
        /// The instance.
        instance: Instance,
        /// The provider.
        provider: String,
        /// Those that are allowed.
        allowed: Vec<String>,
    },
    /// A dependency lock file cannot be read.
    #[error("the lock file of {instance} cannot be read: {problem}")]
    LockFile {
        /// The instance.
        instance: Instance,
        /// What is wrong with it.
        problem: String,
    },
    /// The platform has no stack that makes the bucket for states, or none that is one for all environments.
    #[error("`{}` {}", folder.display(), if *exists { "is not a shared stack" } else { "does not exist" })]
    NoBootstrap {
        /// Where it must be.
        folder: PathBuf,
        /// Whether there is such a stack at all.
        exists: bool,
    },
    /// The bucket for states answers, but not to us.
    #[error("`{location}` exists and is closed to these credentials")]
    BucketDenied {
        /// The bucket.
        location: String,
        /// The answer.
        source: StoreError,
    },
    /// The bucket that is about to be made exists, and no state of ours knows it.
    #[error("the bucket of `{location}` exists already, and no state says that `{address}` is it")]
    BucketTaken {
        /// Where the state belongs.
        location: String,
        /// What would be made.
        address: String,
        /// Its type.
        resource_type: String,
    },
    /// Two states of the same stack, of which neither can be thrown away.
    #[error("the states in `{}` and `{location}` differ: {reason}", path.display())]
    StatesDiffer {
        /// The one on this machine.
        path: PathBuf,
        /// The one in the bucket.
        location: String,
        /// In what.
        reason: String,
    },
    /// Terraform left no state behind.
    #[error("there is no state in `{}` to move", path.display())]
    NothingToMove {
        /// Where it would be.
        path: PathBuf,
    },
    /// What could not be planned cannot be applied.
    #[error("there is no plan to apply")]
    NothingPlanned,
    /// A task of the program itself ended in an unexpected way.
    #[error("a task ended unexpectedly")]
    Task(#[from] tokio::task::JoinError),
}

/// A line for each of the first few, with its causes.
fn told(failures: &[(Instance, PipelineError)]) -> String {
    let shown = failures
        .iter()
        .take(SHOWN)
        .map(|(instance, error)| format!("\n  {instance}: {}", trouble::chain(error).replace('\n', ": ")));
    let more = match failures.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    shown.collect::<String>() + &more
}

impl From<TerraformError> for PipelineError {
    /// Boxed: it carries diagnostics, and most results carry no error at all.
    fn from(error: TerraformError) -> Self {
        Self::Terraform(Box::new(error))
    }
}
