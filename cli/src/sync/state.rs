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

    pub(super) fn failure(reason: &str, message: impl AsRef<str>) -> Self {
        Self::Failed { reason: reason.to_owned(), message: message.as_ref().trim().to_owned() }
    }

    pub(super) fn failed(condition: Condition) -> Self {
        Self::Failed { reason: condition.reason, message: without_work_folders(condition.message.trim()) }
    }
}

/// A message of kustomize-controller without the folder that it unpacks the repository to, whose name is new at
/// every attempt: of `/tmp/kustomization-3406/apps/web/x.yaml` there remains `apps/web/x.yaml`, the path in Git.
fn without_work_folders(message: &str) -> String {
    const PREFIX: &str = "/kustomization-"; // `build` in its kustomization_controller.go
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(PREFIX) {
        let (before, after) = (&rest[..at], &rest[at + PREFIX.len()..]);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || after.as_bytes().get(digits) != Some(&b'/') {
            kept.push_str(&rest[..at + PREFIX.len()]);
            rest = after;
            continue;
        }
        let outside = before.rfind(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '(' | '='));
        kept.push_str(outside.map_or("", |last| &before[..=last]));
        rest = &after[digits + 1..];
    }
    kept.push_str(rest);
    kept
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_messages_are_those_of_the_repository() {
        for (message, wanted) in [
            (
                "read '/tmp/kustomization-3406/apps/web': open /var/tmp/x/kustomization-3406/apps/a.yaml: no such file",
                "read 'apps/web': open apps/a.yaml: no such file",
            ),
            ("/tmp/kustomization-1/a", "a"),
            (
                "see apps/kustomization-old/x and /srv/kustomization-12",
                "see apps/kustomization-old/x and /srv/kustomization-12",
            ),
        ] {
            assert_eq!(without_work_folders(message), wanted);
        }
    }
}
