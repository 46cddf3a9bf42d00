//! What happens during a hand-over, for progress displays and logs.

use serde::Serialize;

use super::{ObjectRef, ObjectStatus};

/// Takes events as they happen; called from the task that does the work, so it must not block.
pub type Sink<'a> = &'a (dyn Fn(SyncEvent) + Send + Sync);

/// How many objects met which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Made new.
    pub created: usize,
    /// Changed.
    pub changed: usize,
    /// As they should be.
    pub unchanged: usize,
    /// Managed by the engine itself, which brings them in line with Git.
    pub left: usize,
}

impl Tally {
    /// Whether anything was written, or would be.
    pub fn is_change(self) -> bool {
        self.created + self.changed > 0
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.left += other.left;
    }
}

/// Why a credential that is there was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// It is the one that was given.
    Same,
    /// It differs from the one that was given: never overwritten here, since the new one might be the stale one.
    Different,
    /// None was given.
    NotGiven,
}

/// A step of a hand-over.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum SyncEvent {
    /// The API server answered.
    Connected {
        /// Its address.
        endpoint: String,
        /// Its version, such as `v1.34.2`. Not `version` in JSON, which is that of the document.
        #[serde(rename = "api_version")]
        version: String,
    },
    /// An object was created or changed; in a dry run, it would be.
    Object {
        /// The object.
        object: ObjectRef,
        /// Whether it is new.
        created: bool,
    },
    /// The API server serves every kind of the engine.
    CrdsEstablished {
        /// How many.
        count: usize,
    },
    /// The engine's manifests are in the cluster.
    Applied(Tally),
    /// The engine's controllers are available.
    EngineReady {
        /// How many.
        controllers: usize,
    },
    /// The Git credential was stored in the cluster.
    CredentialCreated {
        /// The Secret.
        object: ObjectRef,
    },
    /// The Secret with the Git credential was there and was left alone.
    CredentialKept {
        /// The Secret.
        object: ObjectRef,
        /// Whether it is the one that was given.
        kept: Kept,
    },
    /// The cluster's description for substitution is in the cluster.
    ClusterInfo(Tally),
    /// Source and root object are in the cluster.
    Root(Tally),
    /// The engine was asked to look at Git, or to try again, at once instead of at its next interval.
    Requested {
        /// The object asked.
        object: ObjectRef,
    },
    /// Objects changed their state.
    Waiting {
        /// How many have delivered the commit.
        ready: usize,
        /// How many are known.
        total: usize,
        /// Those whose state changed since the last event.
        changed: Vec<ObjectStatus>,
    },
    /// Every object of the registry has delivered the commit.
    Synced {
        /// The revision, such as `main@sha1:…`.
        revision: String,
        /// How many objects.
        total: usize,
    },
    /// kstack no longer manages fields of objects that the engine has taken over.
    Released {
        /// How many objects.
        count: usize,
    },
    /// An object is being deleted.
    Deleting {
        /// The object.
        object: ObjectRef,
    },
}
