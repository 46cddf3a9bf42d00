//! How far an object is in delivering a revision.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::ObjectRef;

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// It has delivered the revision.
    Ready,
    /// It is on its way.
    Waiting {
        /// The engine's word for why, such as `DependencyNotReady`; `Progressing` where it has none.
        reason: String,
        /// The engine's explanation.
        message: String,
    },
    /// The engine tried and failed. It tries again at its own interval.
    Failed {
        /// The engine's word for it, such as `BuildFailed`.
        reason: String,
        /// The engine's explanation.
        message: String,
    },
    /// Somebody has suspended it before it delivered the revision.
    Suspended,
}

/// Why an object waits when another one has to come first; Flux's word.
pub(super) const DEPENDENCY: &str = "DependencyNotReady";

impl State {
    pub(super) fn waiting(reason: &str, message: impl AsRef<str>) -> Self {
        Self::Waiting { reason: reason.to_owned(), message: message.as_ref().trim().to_owned() }
    }

    pub(super) fn failed(condition: Condition) -> Self {
        Self::Failed { reason: condition.reason, message: condition.message.trim().to_owned() }
    }
}

/// How far which object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectStatus {
    /// The object.
    pub object: ObjectRef,
    /// How far it is.
    #[serde(flatten)]
    pub state: State,
}
